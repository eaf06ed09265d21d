"""What serves while Redis is away; what both ledgers promise: `tests/contract/test_ledger.py`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controlplane.domain.limits import Claim, Limit, Measure, Period
from controlplane.gateway import local_ledger
from controlplane.gateway.local_ledger import LocalLedger

TOKENS = Limit(Measure.TOKENS, "app-1", 10, 60)
COST = Limit(Measure.COST, "app-1", 10, Period.DAY)
AT_ONCE = Limit(Measure.CONCURRENCY, "app-1", 1, None)
REQUESTS = Limit(Measure.REQUESTS, "app-1", 1, 60)


async def test_nobody_here_knows_what_was_spent() -> None:
    ledger = LocalLedger()
    decision = await ledger.reserve(Claim("r1", "org-1", (TOKENS, COST), 10**6, 10**6))
    assert decision.refused_by is None
    assert decision.statuses == ()
    assert await ledger.settle(decision.hold, tokens=5, cost_microusd=5) == ()


@pytest.mark.dates
async def test_the_hold_says_all_that_redis_is_to_be_told_later() -> None:
    limits = (REQUESTS, TOKENS, COST, AT_ONCE)
    decision = await LocalLedger().reserve(Claim("r1", "org-1", limits, 70, 80))
    hold = decision.hold
    assert (hold.limits, hold.tokens, hold.cost_microusd) == (limits, 70, 80)
    assert hold.admitted_at is not None
    assert abs(datetime.now(UTC) - hold.admitted_at) < timedelta(seconds=5)


async def test_leases_of_different_lengths_end_each_by_itself() -> None:
    now = [0.0]
    ledger = LocalLedger(lambda: now[0])
    two = Limit(Measure.CONCURRENCY, "app-1", 2, None)
    for name, seconds in (("long", 100), ("short", 10)):
        await ledger.reserve(Claim(name, "org-1", (two,), lease_seconds=seconds))
    now[0] = 11
    assert (await ledger.reserve(Claim("r", "org-1", (two,)))).refused_by is None
    assert (await ledger.reserve(Claim("x", "org-1", (two,)))).refused_by == two


async def test_memory_is_bounded() -> None:
    ledger = LocalLedger()
    first = Claim("r0", "org-1", (REQUESTS,))
    await ledger.reserve(first)
    for i in range(local_ledger.MAX_COUNTERS):
        limit = Limit(Measure.REQUESTS, f"app-{i}-of-many", 1, 60)
        await ledger.reserve(Claim("r", "org-1", (limit,)))
    assert len(ledger._counters) == local_ledger.MAX_COUNTERS
    # The one that was used least recently is the one that is forgotten.
    assert (await ledger.reserve(Claim("r1", "org-1", (REQUESTS,)))).refused_by is None
