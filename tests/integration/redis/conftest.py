"""A ledger in an empty Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[RedisClient]:
    """Many connections, and patience with a busy machine."""
    client = RedisClient(clean_redis, 2_000, 64)
    yield client
    await client.close()


@pytest.fixture
def ledger(client: RedisClient) -> RedisLedger:
    """In an empty Redis: counters of costs have to be opened first."""
    return RedisLedger(client)
