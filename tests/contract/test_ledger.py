"""What every ledger promises: the shared one in Redis, and the one of a single process.

The latter knows requests and concurrency; what only Redis can know: `integration/redis`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.domain.limits import Claim, Decision, Limit, Measure
from controlplane.gateway.local_ledger import LocalLedger
from controlplane.gateway.ports import Ledger

FIVE = Limit(Measure.REQUESTS, "app-1", 5, 60)
SHORT = Limit(Measure.REQUESTS, "app-1", 2, 1)
AT_ONCE = Limit(Measure.CONCURRENCY, "app-1", 3, None)


@pytest.fixture(params=["redis", "local"])
async def ledger(request: pytest.FixtureRequest) -> AsyncIterator[Ledger]:
    if request.param == "local":
        yield LocalLedger()
        return
    client = RedisClient(request.getfixturevalue("clean_redis"), 2_000, 64)
    yield RedisLedger(client)
    await client.close()


async def reserve(ledger: Ledger, request_id: str, *limits: Limit, org: str = "org-1") -> Decision:
    return await ledger.reserve(Claim(request_id, org, limits, lease_seconds=30))


@pytest.mark.parametrize(("limit", "capacity"), [(FIVE, 5), (AT_ONCE, 3)])
async def test_exactly_the_capacity_is_admitted(
    ledger: Ledger, limit: Limit, capacity: int
) -> None:
    decisions = await asyncio.gather(*(reserve(ledger, f"r{i}", limit) for i in range(40)))
    assert sum(d.refused_by is None for d in decisions) == capacity
    refused = next(d for d in decisions if d.refused_by)
    assert refused.refused_by == limit
    assert refused.statuses[0].remaining == 0
    assert refused.fits
    assert refused.hold.limits == ()


async def test_a_refusal_says_when_to_come_back(ledger: Ledger) -> None:
    for i in range(5):
        await reserve(ledger, f"r{i}", FIVE)
    refused = await reserve(ledger, "x", FIVE)
    assert 58 < refused.retry_after_seconds <= 60


async def test_the_remaining_places_are_told(ledger: Ledger) -> None:
    first = await reserve(ledger, "r1", FIVE)
    second = await reserve(ledger, "r2", FIVE)
    assert (first.statuses[0].remaining, second.statuses[0].remaining) == (4, 3)
    assert 0 < second.statuses[0].reset_seconds <= 60


async def test_all_limits_are_taken_or_none(ledger: Ledger) -> None:
    narrow = Limit(Measure.REQUESTS, "key-1", 1, 60)
    assert (await reserve(ledger, "r1", FIVE, AT_ONCE, narrow)).refused_by is None
    for i in range(10):
        assert (await reserve(ledger, f"x{i}", FIVE, AT_ONCE, narrow)).refused_by == narrow
    after = await reserve(ledger, "r2", FIVE, AT_ONCE)
    assert [status.remaining for status in after.statuses] == [3, 1]


async def test_what_is_settled_is_under_way_no_more(ledger: Ledger) -> None:
    holds = [(await reserve(ledger, f"r{i}", AT_ONCE, FIVE)).hold for i in range(3)]
    assert (await reserve(ledger, "x", AT_ONCE, FIVE)).refused_by == AT_ONCE
    for _ in range(2):  # a second time changes nothing
        assert await ledger.settle(holds[0], tokens=5, cost_microusd=5) == ()
    after = await reserve(ledger, "y", AT_ONCE, FIVE)
    assert after.refused_by is None
    # The place is free again; the request stays in its window.
    assert [status.remaining for status in after.statuses] == [0, 1]
    assert (await reserve(ledger, "z", AT_ONCE)).refused_by == AT_ONCE


async def test_what_nobody_settles_is_free_after_its_lease(ledger: Ledger) -> None:
    for i in range(3):
        await ledger.reserve(Claim(f"r{i}", "org-1", (AT_ONCE,), lease_seconds=0.2))
    refused = await reserve(ledger, "x", AT_ONCE)
    assert refused.refused_by == AT_ONCE
    assert refused.retry_after_seconds == 1
    await asyncio.sleep(0.25)
    assert (await reserve(ledger, "y", AT_ONCE)).statuses[0].remaining == 2


async def test_a_repeated_request_id_is_counted_once(ledger: Ledger) -> None:
    decisions = [await reserve(ledger, "same", SHORT, AT_ONCE) for _ in range(3)]
    for decision in decisions:
        assert decision.refused_by is None
        assert [status.remaining for status in decision.statuses] == [1, 2]


async def test_the_window_slides_and_refused_requests_do_not_count(ledger: Ledger) -> None:
    for name in ("a", "b"):
        assert (await reserve(ledger, name, SHORT)).refused_by is None
    for i in range(20):
        assert (await reserve(ledger, f"x{i}", SHORT)).refused_by == SHORT
    refused = await reserve(ledger, "y", SHORT)
    await asyncio.sleep(refused.retry_after_seconds + 0.02)
    assert (await reserve(ledger, "z", SHORT)).refused_by is None


async def test_scopes_and_organisations_are_apart(ledger: Ledger) -> None:
    one = replace(FIVE, capacity=1)
    assert (await reserve(ledger, "a", one)).refused_by is None
    assert (await reserve(ledger, "b", one, org="org-2")).refused_by is None
    assert (await reserve(ledger, "c", replace(one, scope="app-2"))).refused_by is None
    assert (await reserve(ledger, "d", one)).refused_by == one


@pytest.mark.parametrize("limit", [FIVE, AT_ONCE])
async def test_a_capacity_of_zero_admits_nobody(ledger: Ledger, limit: Limit) -> None:
    nothing = replace(limit, capacity=0)
    decision = await reserve(ledger, "a", nothing)
    assert decision.refused_by == nothing
    assert not decision.fits


async def test_no_limit_admits(ledger: Ledger) -> None:
    decision = await reserve(ledger, "a")
    assert decision.refused_by is None
    assert decision.statuses == ()
    assert await ledger.settle(decision.hold, tokens=1, cost_microusd=1) == ()


async def test_shadow_limits_refuse_nobody(ledger: Ledger) -> None:
    tried = replace(FIVE, capacity=1, shadow=True)
    decisions = [await reserve(ledger, f"r{i}", FIVE, tried) for i in range(3)]
    assert all(decision.refused_by is None for decision in decisions)
    assert [status.limit for status in decisions[-1].statuses] == [FIVE]
    assert tried not in decisions[-1].hold.limits


async def test_the_wait_is_that_of_the_limit_that_takes_longest(ledger: Ledger) -> None:
    full_for_long, full_for_short = replace(FIVE, capacity=1), replace(SHORT, capacity=1)
    await reserve(ledger, "a", full_for_short, full_for_long)
    refused = await reserve(ledger, "b", full_for_short, full_for_long)
    assert refused.refused_by == full_for_long
    assert refused.retry_after_seconds > 50
