"""The bar: 100 concurrent requests from two processes against a limit that fits exactly 10."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.redis.ledger_process import LedgerProcess
from tests.soak import few_or_many

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.redis.ledger_keys import limit_key
from controlplane.domain.limits import MOST_LOGGED, Claim, Limit, Measure, Per, Period

REPEATS = few_or_many(5, 100)
AMOUNT = 1_234
FITS = 10
OF_ONE: dict[str, Any] = {"per": Per.END_USER, "counter": "alice"}
# Of a limit that is too large for a log, all but ten are used.
COUNTED = Limit(Measure.REQUESTS, "app-1", MOST_LOGGED + FITS, 60)

LIMITS = {
    "cost": Limit(Measure.COST, "app-1", FITS * AMOUNT + AMOUNT - 1, Period.DAY),
    "rolling cost": Limit(Measure.COST, "app-1", FITS * AMOUNT, 3_600),
    "tokens": Limit(Measure.TOKENS, "app-1", FITS * AMOUNT + 1, 60),
    "requests": Limit(Measure.REQUESTS, "app-1", FITS, 60),
    "requests of models": Limit(Measure.REQUESTS, "app-1", FITS, 60, models=("gpt-*",)),
    "tokens of an end user": Limit(Measure.TOKENS, "app-1", FITS * AMOUNT, 60, **OF_ONE),
    "cost of an end user": Limit(Measure.COST, "app-1", FITS * AMOUNT, Period.DAY, **OF_ONE),
    "cost of a week": Limit(Measure.COST, "app-1", FITS * AMOUNT, Period.WEEK),
    "cost for good": Limit(Measure.COST, "app-1", FITS * AMOUNT, Period.LIFETIME),
    "cost of a day elsewhere": Limit(
        Measure.COST, "app-1", FITS * AMOUNT, Period.DAY, time_zone="Asia/Kolkata"
    ),
    "requests in buckets": COUNTED,
}
AT_ONCE = Limit(Measure.CONCURRENCY, "app-1", FITS, None)


@pytest.fixture
def processes(clean_redis: str) -> Iterator[tuple[LedgerProcess, LedgerProcess]]:
    """Two, whose clocks are 20 minutes apart."""
    with (
        LedgerProcess(clean_redis, clock_off_by=-600) as slow,
        LedgerProcess(clean_redis, clock_off_by=600) as fast,
    ):
        yield slow, fast


def _run(
    processes: tuple[LedgerProcess, LedgerProcess], job: str, limit: Limit, org_id: str, amount: int
) -> tuple[int, int]:
    """Admitted and refused, of 50 requests from either."""
    for index, process in enumerate(processes):
        process.begin(job, limit, org_id=org_id, prefix=f"{index}-", number=50, amount=amount)
    results = [process.result() for process in processes]
    return sum(r["admitted"] for r in results), sum(r["refused"] for r in results)


@pytest.mark.parametrize("repeats", REPEATS)
@pytest.mark.parametrize("name", LIMITS)
async def test_exactly_what_fits_is_admitted_every_time(
    processes: tuple[LedgerProcess, LedgerProcess],
    ledger: RedisLedger,
    client: RedisClient,
    name: str,
    repeats: int,
) -> None:
    limit = LIMITS[name]
    amount = 1 if limit.measure is Measure.REQUESTS else AMOUNT
    outcomes, provider_calls = [], []
    for repeat in range(repeats):
        org_id = f"org-{repeat}"
        if limit.measure is Measure.COST:
            await ledger.books.open(org_id, {limit: {}})
        if limit is COUNTED:
            await _log(client, org_id, MOST_LOGGED)
        outcomes.append(_run(processes, "calls", limit, org_id, amount))
        provider_calls.append(int(await client.redis.get(f"provider:{{{org_id}}}")))
    assert outcomes == [(FITS, 100 - FITS)] * repeats
    assert provider_calls == [FITS] * repeats
    # The control meets the same load in the same run, and lets far more through.
    few = replace(limit, capacity=FITS * amount)
    unguarded, _ = _run(processes, "unguarded_calls", few, "org-control", amount)
    assert unguarded > 2 * FITS


async def _log(client: RedisClient, org_id: str, requests: int) -> None:
    """So many requests were admitted a moment ago, when the limit was smaller."""
    key = limit_key(org_id, replace(COUNTED, capacity=MOST_LOGGED))
    seconds, microseconds = await client.redis.time()
    now = seconds * 1_000_000 + microseconds
    await client.redis.zadd(key, {f"before-{i}": now for i in range(requests)})


@pytest.mark.parametrize("repeats", REPEATS)
async def test_never_more_than_the_limit_are_under_way(
    processes: tuple[LedgerProcess, LedgerProcess], client: RedisClient, repeats: int
) -> None:
    peaks, lowest = [], 100
    for repeat in range(repeats):
        admitted, _ = _run(processes, "calls", AT_ONCE, f"org-{repeat}", 1)
        lowest = min(lowest, admitted)
        peaks.append(int(await client.redis.zscore(f"peak:{{org-{repeat}}}", "peak")))
        assert await client.redis.zcard(f"concurrency:{{org-{repeat}}}:app-1") == 0
    assert max(peaks) == FITS
    assert lowest >= FITS
    _run(processes, "unguarded_calls", AT_ONCE, "org-control", 1)
    assert int(await client.redis.zscore("peak:{org-control}", "peak")) > 1.5 * FITS


@pytest.mark.parametrize("limit", [LIMITS["cost"], LIMITS["tokens"], AT_ONCE])
async def test_a_process_that_is_killed_holds_nothing_after_its_lease(
    clean_redis: str, ledger: RedisLedger, limit: Limit
) -> None:
    if limit.measure is Measure.COST:
        await ledger.books.open("org-1", {limit: {}})
    whole = 1 if limit is AT_ONCE else limit.capacity
    with LedgerProcess(clean_redis) as process:
        for i in range(limit.capacity if limit is AT_ONCE else 1):
            process.begin(
                "hang",
                limit,
                org_id="org-1",
                request_id=f"dies-{i}",
                tokens=whole,
                cost_microusd=whole,
                lease_seconds=3,
            )
            assert process.result() == {"admitted": 1}
        process.kill()
    claim = Claim("r", "org-1", (limit,), tokens=whole, cost_microusd=whole)
    assert (await ledger.reserve(claim)).refused_by == limit
    await asyncio.sleep(3.1)
    decision = await ledger.reserve(claim)
    assert decision.refused_by is None
    assert decision.statuses[0].remaining == limit.capacity - whole
