"""A target that keeps failing is left alone by all processes, and one of them probes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from controlplane.adapters.redis import health as module
from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.configuration_cache import ConfigurationCache
from controlplane.adapters.redis.health import RedisTargetHealth
from controlplane.domain.access import Caller, Role
from controlplane.domain.configuration import StoredConfiguration
from controlplane.domain.routing import Target

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
TARGET = Target("openai", "gpt-4o")


async def no_rules(_org_id: str) -> StoredConfiguration:
    return StoredConfiguration([], [])


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[RedisClient]:
    made = RedisClient(clean_redis, 2_000, 8)
    yield made
    await made.close()


async def test_failures_in_a_row_start_the_cool_down(client: RedisClient) -> None:
    health, rules = RedisTargetHealth(client), ConfigurationCache(client, no_rules)
    assert (await rules.of(CALLER)).cooling_down == {}
    for _ in range(module.FAILURES_IN_A_ROW - 1):
        await health.failed("org-1", TARGET)
    assert (await rules.of(CALLER)).cooling_down == {"openai/gpt-4o": 0.0}
    await health.failed("org-1", TARGET)
    until = (await rules.of(CALLER)).cooling_down["openai/gpt-4o"]
    assert abs(until - time.time() - module.COOL_DOWN_SECONDS) < 2
    other = Caller("org-2", Role.SERVICE, application_id="app-1", key_id="k2")
    assert (await rules.of(other)).cooling_down == {}


async def test_an_answer_forgets_the_failures(client: RedisClient) -> None:
    health, rules = RedisTargetHealth(client), ConfigurationCache(client, no_rules)
    for _ in range(module.FAILURES_IN_A_ROW):
        await health.failed("org-1", TARGET)
    await health.recovered("org-1", TARGET)
    assert (await rules.of(CALLER)).cooling_down == {}
    await health.failed("org-1", TARGET)
    assert (await rules.of(CALLER)).cooling_down == {"openai/gpt-4o": 0.0}


async def test_one_of_many_may_probe(client: RedisClient) -> None:
    health = RedisTargetHealth(client)
    allowed = await asyncio.gather(*(health.may_probe("org-1", TARGET) for _ in range(20)))
    assert allowed.count(True) == 1


async def test_everything_expires(client: RedisClient) -> None:
    health = RedisTargetHealth(client)
    await health.failed("org-1", TARGET)
    await health.may_probe("org-1", TARGET)

    async def lifetimes(redis: object) -> list[int]:
        return [await redis.ttl(key) async for key in redis.scan_iter()]  # type: ignore[attr-defined]

    found = await client.run(lifetimes)
    assert len(found) == 2
    assert all(0 < seconds <= module.FORGET_SECONDS for seconds in found)
