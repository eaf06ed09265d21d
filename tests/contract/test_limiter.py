"""What every limiter promises: the shared one in Redis, and the one of a single process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.limiter import RedisLimiter, limit_key
from controlplane.domain.access import WindowLimit
from controlplane.gateway.local_limiter import LocalLimiter
from controlplane.gateway.ports import Limiter

FIVE = WindowLimit("app-1", 5, 60)
SHORT = WindowLimit("app-1", 2, 1)

Make = Callable[[], Awaitable[Limiter]]


@pytest.fixture(params=["redis", "local"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    if request.param == "local":
        yield LocalLimiter()
        return
    client = RedisClient(request.getfixturevalue("clean_redis"), 2_000, 64)
    yield RedisLimiter(client)
    await client.close()


async def test_exactly_the_capacity_is_admitted(limiter: Limiter) -> None:
    decisions = await asyncio.gather(
        *(limiter.reserve("org-1", f"r{i}", [FIVE]) for i in range(40))
    )
    assert sum(d.refused_by is None for d in decisions) == 5
    refused = next(d for d in decisions if d.refused_by)
    assert refused.refused_by == FIVE
    assert 58 < refused.retry_after_seconds <= 60
    assert refused.statuses[0].remaining == 0


async def test_the_remaining_places_are_told(limiter: Limiter) -> None:
    first = await limiter.reserve("org-1", "r1", [FIVE])
    second = await limiter.reserve("org-1", "r2", [FIVE])
    assert (first.statuses[0].remaining, second.statuses[0].remaining) == (4, 3)
    assert 0 < second.statuses[0].reset_seconds <= 60


async def test_all_limits_are_taken_or_none(limiter: Limiter) -> None:
    narrow = WindowLimit("key-1", 1, 60)
    assert (await limiter.reserve("org-1", "r1", [FIVE, narrow])).refused_by is None
    for i in range(10):
        refused = await limiter.reserve("org-1", f"x{i}", [FIVE, narrow])
        assert refused.refused_by == narrow
    after = await limiter.reserve("org-1", "r2", [FIVE])
    assert after.statuses[0].remaining == 3


async def test_a_repeated_request_id_is_counted_once(limiter: Limiter) -> None:
    for _ in range(3):
        decision = await limiter.reserve("org-1", "same", [SHORT])
        assert decision.refused_by is None
        assert decision.statuses[0].remaining == 1


async def test_the_window_slides_and_refused_requests_do_not_count(limiter: Limiter) -> None:
    for name in ("a", "b"):
        assert (await limiter.reserve("org-1", name, [SHORT])).refused_by is None
    for i in range(20):
        assert (await limiter.reserve("org-1", f"x{i}", [SHORT])).refused_by == SHORT
    refused = await limiter.reserve("org-1", "y", [SHORT])
    await asyncio.sleep(refused.retry_after_seconds + 0.02)
    assert (await limiter.reserve("org-1", "z", [SHORT])).refused_by is None


async def test_scopes_and_organisations_are_apart(limiter: Limiter) -> None:
    one = WindowLimit("app-1", 1, 60)
    assert (await limiter.reserve("org-1", "a", [one])).refused_by is None
    assert (await limiter.reserve("org-2", "b", [one])).refused_by is None
    assert (await limiter.reserve("org-1", "c", [WindowLimit("app-2", 1, 60)])).refused_by is None
    assert (await limiter.reserve("org-1", "d", [one])).refused_by == one


async def test_a_capacity_of_zero_admits_nobody(limiter: Limiter) -> None:
    nothing = WindowLimit("app-1", 0, 60)
    decision = await limiter.reserve("org-1", "a", [nothing])
    assert decision.refused_by == nothing
    assert decision.retry_after_seconds == pytest.approx(60, abs=1)


async def test_no_limit_admits(limiter: Limiter) -> None:
    decision = await limiter.reserve("org-1", "a", [])
    assert decision.refused_by is None
    assert decision.statuses == ()


def test_the_key_names_organisation_scope_and_window() -> None:
    assert limit_key("org-123", WindowLimit("app-456", 1, 60)) == (
        "rate_limit:{org-123}:app-456:minute"
    )
    assert limit_key("o", WindowLimit("key-1", 1, 90)).endswith(":90s")


async def test_every_key_in_redis_expires(clean_redis: str) -> None:
    client = RedisClient(clean_redis, 2_000, 4)
    await RedisLimiter(client).reserve("org-1", "a", [FIVE, WindowLimit("key-1", 3, 3600)])

    async def lifetimes(redis: Any) -> list[int]:
        return [await redis.pttl(key) async for key in redis.scan_iter()]

    found = await client.run(lifetimes)
    assert len(found) == 2
    assert all(0 < milliseconds <= 3_600_000 for milliseconds in found)
    await client.close()


async def test_scripts_survive_a_script_flush(clean_redis: str) -> None:
    client = RedisClient(clean_redis, 2_000, 4)
    limiter = RedisLimiter(client)
    await limiter.reserve("org-1", "a", [FIVE])
    await client.run(lambda redis: redis.script_flush())
    assert (await limiter.reserve("org-1", "b", [FIVE])).statuses[0].remaining == 3
    await client.close()
