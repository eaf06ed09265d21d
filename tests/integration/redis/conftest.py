"""An empty Redis, alone and in cluster mode: every test of this folder that asks for one runs on
both. A ledger in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import redis
from tests.integration.redis.cluster import valkey_cluster

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The worker's own node."""
    with valkey_cluster(tmp_path_factory.mktemp("cluster")) as url:
        yield url


@pytest.fixture(params=["redis_url", "redis_cluster"], ids=["alone", "cluster"])
def clean_redis(request: pytest.FixtureRequest) -> str:
    """The address, emptied before the test."""
    url: str = request.getfixturevalue(request.param)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[RedisClient]:
    """Many connections, and effective_timeouts with a busy machine."""
    client = RedisClient(clean_redis, 2_000, 64)
    yield client
    await client.close()


@pytest.fixture
def ledger(client: RedisClient, whole_day: None) -> RedisLedger:
    """In an empty Redis: counters of costs have to be opened first."""
    return RedisLedger(client)
