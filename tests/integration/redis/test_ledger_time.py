"""Windows and calendars: what the ledger's clock makes of them, and that no other clock matters."""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.redis.ledger_keys import from_us, to_us
from controlplane.adapters.redis.scripts import script
from controlplane.domain.limits import Claim, Limit, Measure

_CALENDAR = """
local replies = {}
for i, at in ipairs(ARGV) do
  local month, day = bucket_of('month', tonumber(at)), bucket_of('day', tonumber(at))
  replies[i] = { month, month_start(month), leaves_at('month', month), day }
end
return replies
"""


def _months() -> list[datetime]:
    rng = random.Random(4)
    edges = [
        datetime(year, month, 1, tzinfo=UTC) + timedelta(microseconds=off)
        for year in (1970, 1999, 2000, 2024, 2026, 2027, 2028, 2096, 2100, 2101)
        for month in range(1, 13)
        for off in (-1, 0)
    ]
    days = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=d) for d in range(0, 60_000, 7)]
    return edges[1:] + [day + timedelta(seconds=rng.random() * 86_400) for day in days]


async def test_the_calendar_is_that_of_utc(client: RedisClient) -> None:
    moments = _months()
    text = script("counters.lua") + _CALENDAR
    replies = await client.redis.eval(text, 0, *(to_us(moment) for moment in moments))
    for moment, (month, start, end, day) in zip(moments, replies, strict=True):
        first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
        following = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
        assert month == moment.year * 12 + moment.month - 1
        assert (from_us(start), from_us(end)) == (first, following)
        assert day == (moment.date() - datetime(1970, 1, 1).date()).days


@pytest.mark.parametrize("window", [1, 7, 60, 3_600, 86_400, 2_678_400])
async def test_a_bucket_leaves_when_all_of_it_is_out_of_the_window(
    client: RedisClient, window: int
) -> None:
    text = script("counters.lua") + (
        "local window, at, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
        "local bucket = bucket_of(window, at)\n"
        "return { bucket >= oldest_live(window, now) and 1 or 0, leaves_at(window, bucket) }"
    )
    rng = random.Random(window)
    length = window * 1_000_000
    for _ in range(200):
        spent_at = 1_790_000_000_000_000 + rng.randrange(10**12)
        age = rng.choice([rng.randrange(2 * length), length, length - 1, length + 1, 0])
        counts, leaves_at = await client.redis.eval(text, 0, length, spent_at, spent_at + age)
        assert counts or age > length  # never too early
        assert bool(counts) == (spent_at + age < leaves_at)
        assert leaves_at - spent_at <= length + -(-length // 60)  # and a bucket too late at most


async def test_what_was_spent_leaves_on_time_however_steadily_more_comes(
    ledger: RedisLedger,
) -> None:
    limit = Limit(Measure.TOKENS, "app-1", 1_000, 2)
    holds = []
    for i in range(9):
        decision = await ledger.reserve(Claim(f"r{i}", "org-1", (limit,), tokens=50))
        holds.append(decision.hold)
        # Settled out of order: the later one of each pair first.
        for hold in (holds[-1], holds[-2]) if i % 2 else ():
            await ledger.settle(hold, tokens=10, cost_microusd=0)
        await asyncio.sleep(0.4)
    now = await ledger.books.now()
    ages = [now - hold.admitted_at for hold in holds[:8] if hold.admitted_at is not None]
    in_window = sum(age <= timedelta(seconds=2) for age in ages)
    surely_out = sum(age > timedelta(seconds=2.1) for age in ages)
    probe = await ledger.reserve(Claim("probe", "org-1", (limit,), tokens=1_001))
    spent = 1_000 - probe.statuses[0].remaining - 50  # the last is still held
    assert surely_out >= 2
    assert 10 * in_window <= spent <= 10 * (8 - surely_out)


Admitted = list[tuple[int, int]]  # (microseconds by Redis's clock, amount)


async def _arrivals(ledger: RedisLedger, limit: Limit, seconds: float, rate: float) -> Admitted:
    """Callers come at random for so long, each settles what it used; who was admitted, and when."""
    rng = random.Random(rate)
    admitted: Admitted = []

    async def one(number: int) -> None:
        amount = rng.randint(1, 9)
        used = rng.randint(0, amount)
        claim = Claim(f"r{number}", "org-1", (limit,), tokens=amount, lease_seconds=5)
        decision = await ledger.reserve(claim)
        if decision.refused_by is not None:
            return
        await asyncio.sleep(rng.random() * 0.02)
        await ledger.settle(decision.hold, tokens=used, cost_microusd=0)
        assert decision.hold.admitted_at is not None
        weight = 1 if limit.measure is Measure.REQUESTS else used
        admitted.append((to_us(decision.hold.admitted_at), weight))

    ends_at = time.monotonic() + seconds
    tasks: list[asyncio.Task[None]] = []
    while time.monotonic() < ends_at:
        tasks += [asyncio.create_task(one(len(tasks) + i)) for i in range(rng.choice((1, 1, 5)))]
        await asyncio.sleep(rng.expovariate(rate))
    await asyncio.gather(*tasks)
    return sorted(admitted)


def _fullest_window(admitted: Admitted, window_us: int) -> int:
    """The most in any half-open window; the fullest one ends at an admission."""
    times, sums = [at for at, _ in admitted], [0]
    for _, amount in admitted:
        sums.append(sums[-1] + amount)
    return max(
        sums[end + 1] - sums[bisect_left(times, at - window_us + 1)] for end, at in enumerate(times)
    )


@pytest.mark.parametrize(
    "limit",
    [Limit(Measure.REQUESTS, "app-1", 20, 1), Limit(Measure.TOKENS, "app-1", 60, 1)],
    ids=lambda limit: limit.measure,
)
async def test_no_window_holds_more_than_the_limit(ledger: RedisLedger, limit: Limit) -> None:
    admitted = await _arrivals(ledger, limit, seconds=5, rate=60)
    fullest = _fullest_window(admitted, 1_000_000)
    assert fullest <= limit.capacity
    # The limit was reached again and again: it is the limit that kept it there.
    assert fullest > limit.capacity * 0.8
    total = sum(amount for _, amount in admitted)
    assert total > 3.5 * limit.capacity


async def test_no_clock_but_that_of_redis_matters(
    ledger: RedisLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every process believes another time; windows, leases and charges do not notice."""
    limit = Limit(Measure.REQUESTS, "app-1", 5, 1)
    held = Limit(Measure.CONCURRENCY, "app-1", 2, None)
    admitted = []
    for i in range(60):
        with _clock_off_by(monkeypatch, 600 if i % 2 else -600):
            decision = await ledger.reserve(Claim(f"r{i}", "org-1", (limit, held)))
            await ledger.settle(decision.hold, tokens=0, cost_microusd=0)
        if decision.refused_by is None:
            assert decision.hold.admitted_at is not None
            assert abs(decision.hold.admitted_at - datetime.now(UTC)) < timedelta(seconds=5)
            admitted.append((to_us(decision.hold.admitted_at), 1))
        await asyncio.sleep(0.04)
    assert _fullest_window(admitted, 1_000_000) == 5
    assert len(admitted) >= 10


@contextmanager
def _clock_off_by(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    real = time.time
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: real() + seconds)
        yield


@pytest.mark.dates
async def test_no_time_of_the_client_is_ever_sent(
    ledger: RedisLedger, client: RedisClient, clean_redis: str
) -> None:
    """Of all that goes over the wire only the settlement has a time, and it came from Redis."""
    limit = Limit(Measure.TOKENS, "app-1", 100, 60)
    async with client.redis.monitor() as monitor:
        decision = await ledger.reserve(Claim("r1", "org-1", (limit,), tokens=5))
        await ledger.settle(decision.hold, tokens=5, cost_microusd=0)
        sent = await _until(monitor, "settled:", _database(clean_redis))
    assert decision.hold.admitted_at is not None
    given = str(to_us(decision.hold.admitted_at))
    this_year = [word for command in sent for word in command.split() if _is_time(word)]
    assert set(this_year) <= {given}


async def _until(monitor: Any, mark: str, db: int) -> list[str]:
    commands: list[str] = []
    async for seen in monitor.listen():
        if seen["client_type"] != "lua" and seen["db"] == db:
            commands.append(seen["command"])
            if mark in seen["command"]:
                return commands
    return commands


def _database(redis_url: str) -> int:
    return int(redis_url.rpartition("/")[2])


def _is_time(word: str) -> bool:
    now = time.time()
    digits = word.strip('"')
    return digits.isdigit() and any(
        abs(int(digits) / unit - now) < 7_200 for unit in (1, 1_000, 1_000_000)
    )
