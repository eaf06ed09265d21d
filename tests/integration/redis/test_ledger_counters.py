"""Limits with a counter for each end user or session, and requests that are counted in buckets."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.redis.ledger_limits import AT_ONCE, DAY, ORG, TOKENS, reserve

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.redis.ledger_keys import from_us, limit_key, to_us, window_arg
from controlplane.adapters.redis.scripts import script
from controlplane.domain.limits import (
    MOST_LOGGED,
    MOST_LOGGED_EACH,
    OTHERS,
    Limit,
    Measure,
    Per,
    Period,
)
from controlplane.domain.periods import starts_around
from controlplane.errors import LedgerLost

EACH_DAY = replace(DAY, per=Per.END_USER)
EACH_TOKENS = replace(TOKENS, per=Per.SESSION)
EACH_AT_ONCE = replace(AT_ONCE, per=Per.SESSION, capacity=1)
MANY = Limit(Measure.REQUESTS, "app-1", MOST_LOGGED + 5, 60)


def of(limit: Limit, name: str) -> Limit:
    return replace(limit, counter=name)


@pytest.fixture
async def three(client: RedisClient, whole_day: None) -> RedisLedger:
    """With room for two end users or sessions beside what stands for the whole."""
    ledger = RedisLedger(client, most_counters=3)
    await ledger.books.open(ORG, {EACH_DAY: {}})
    return ledger


@pytest.mark.parametrize("limit", [EACH_DAY, EACH_TOKENS])
async def test_each_has_its_own_counter(ledger: RedisLedger, limit: Limit) -> None:
    await ledger.books.open(ORG, {EACH_DAY: {}})
    alice, bob = of(limit, "alice"), of(limit, "bob")
    assert (await reserve(ledger, "r1", alice, amount=1_000)).refused_by is None
    assert (await reserve(ledger, "r2", alice, amount=1)).refused_by == alice
    other = await reserve(ledger, "r3", bob, amount=400)
    assert other.statuses[0].remaining == 600


@pytest.mark.parametrize("limit", [EACH_DAY, EACH_TOKENS])
async def test_all_that_come_too_late_share_one_counter(three: RedisLedger, limit: Limit) -> None:
    names = ["alice", "bob", "carol", "dave", "erin"]
    decisions = [await reserve(three, name, of(limit, name), amount=300) for name in names]
    own = 2 if limit is EACH_DAY else 3
    counted = [decision.hold.limits[0].counter for decision in decisions]
    assert counted == [*names[:own], *[OTHERS] * (5 - own)]
    late = len(names) - own
    assert decisions[-1].statuses[0].remaining == 1_000 - late * 300
    refused = await reserve(three, "r", of(limit, "frank"), amount=701 - (late - 1) * 300)
    assert refused.refused_by == of(limit, "frank")
    assert (await reserve(three, "s", of(limit, "alice"), amount=700)).refused_by is None
    for decision in decisions:
        await three.settle(decision.hold, tokens=10, cost_microusd=10)
    again = await reserve(three, "t", of(limit, "gina"), amount=1)
    assert again.statuses[0].remaining == 1_000 - late * 10 - 1


async def test_a_name_goes_when_its_counter_does(client: RedisClient, three: RedisLedger) -> None:
    limit = replace(EACH_AT_ONCE, capacity=5)
    for name in ("a", "b", "c"):
        await reserve(three, f"r-{name}", of(limit, name), lease=0.2)
    assert (await reserve(three, "r-d", of(limit, "d"))).hold.limits[0].counter == OTHERS
    await asyncio.sleep(0.25)
    assert (await reserve(three, "r-e", of(limit, "e"))).hold.limits[0].counter == "e"


async def test_many_counters_are_trusted_together(client: RedisClient, three: RedisLedger) -> None:
    alice = of(EACH_DAY, "alice")
    hold = (await reserve(three, "r1", alice)).hold
    await three.settle(hold, tokens=0, cost_microusd=90)
    await client.redis.delete(limit_key(ORG, alice))
    with pytest.raises(LedgerLost):
        await reserve(three, "r2", alice)
    assert (await reserve(three, "r3", of(EACH_DAY, "bob"))).refused_by is None
    await client.redis.flushdb()
    with pytest.raises(LedgerLost):
        await reserve(three, "r4", of(EACH_DAY, "bob"))


async def test_what_a_forgotten_name_left_behind_does_not_count(
    client: RedisClient, three: RedisLedger
) -> None:
    alice = of(EACH_DAY, "alice")
    await client.redis.hset(limit_key(ORG, alice), mapping={"total": 999, "20000": 999})
    assert (await reserve(three, "r", alice, amount=100)).statuses[0].remaining == 900


async def test_one_request_of_a_session_at_a_time(ledger: RedisLedger) -> None:
    first = await reserve(ledger, "r1", of(EACH_AT_ONCE, "s1"))
    assert (await reserve(ledger, "r2", of(EACH_AT_ONCE, "s1"))).refused_by is not None
    assert (await reserve(ledger, "r3", of(EACH_AT_ONCE, "s2"))).refused_by is None
    await ledger.settle(first.hold, tokens=0, cost_microusd=0)
    assert (await reserve(ledger, "r4", of(EACH_AT_ONCE, "s1"))).refused_by is None


async def test_a_large_limit_of_requests_has_no_entry_for_each(
    ledger: RedisLedger, client: RedisClient
) -> None:
    for i in range(50):
        assert (await reserve(ledger, f"r{i}", MANY)).refused_by is None
    found = await client.run(lambda r: r.hgetall(limit_key(ORG, MANY)))
    assert int(found[b"total"]) == 50
    assert len(found) < 10
    assert await client.redis.dbsize() == 1


async def test_requests_that_were_logged_before_a_limit_grew_still_count(
    ledger: RedisLedger, client: RedisClient
) -> None:
    small = replace(MANY, capacity=MOST_LOGGED)
    for i in range(7):
        await reserve(ledger, f"r{i}", small)
    decision = await reserve(ledger, "new", MANY)
    assert decision.statuses[0].remaining == MANY.capacity - 8
    assert await client.redis.exists(limit_key(ORG, small)) == 0
    assert (await reserve(ledger, "more", MANY)).statuses[0].remaining == MANY.capacity - 9


async def test_a_request_that_holds_something_counts_once_in_buckets(ledger: RedisLedger) -> None:
    decisions = [await reserve(ledger, "same", MANY, TOKENS) for _ in range(3)]
    assert {decision.statuses[0].remaining for decision in decisions} == {MANY.capacity - 1}


async def test_no_window_ever_admits_more_than_the_limit_in_buckets(ledger: RedisLedger) -> None:
    limit = Limit(Measure.REQUESTS, "app-1", MOST_LOGGED_EACH + 1, 1, per=Per.SESSION, counter="s")
    admitted: list[datetime] = []
    begun, number = time.monotonic(), 0
    while time.monotonic() - begun < 2.5:
        decision = await reserve(ledger, f"r{number}", limit)
        number += 1
        if decision.refused_by is None:
            assert decision.hold.admitted_at is not None
            admitted.append(decision.hold.admitted_at)
    for place, first in enumerate(admitted):
        inside = [at for at in admitted[place:] if at < first + timedelta(seconds=1)]
        assert len(inside) <= limit.capacity
    # A place comes back up to a sixtieth of the window late.
    assert len(admitted) >= 2 * limit.capacity


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Havana", "Africa/Cairo"])
@pytest.mark.parametrize("period", [Period.DAY, Period.WEEK, Period.MONTH])
async def test_redis_and_the_calendar_agree_where_a_period_ends(
    client: RedisClient, period: Period, zone: str
) -> None:
    limit = Limit(Measure.COST, "app-1", 1, period, time_zone=zone)
    text = script("counters.lua") + (
        "local window, at = window_of(ARGV[1]), tonumber(ARGV[2]) "
        "local bucket = bucket_of(window, at) "
        "return { bucket, leaves_at(window, bucket) }"
    )
    for day in range(0, 500, 3):
        at = datetime(2026, 1, 1, 5, 30, tzinfo=UTC) + timedelta(days=day, hours=day % 24)
        _, this, following, _ = starts_around(period, zone, [at])
        edges = {}
        for moment in (this, at, following - timedelta(microseconds=1), following):
            bucket, end = await client.redis.eval(text, 0, window_arg(limit, at), to_us(moment))
            edges[moment] = bucket, from_us(end)
        assert len({edges[moment] for moment in (this, at)}) == 1
        assert edges[at][1] == following
        assert edges[following][0] > edges[at][0]


async def test_a_limit_of_a_lifetime_never_comes_back(ledger: RedisLedger) -> None:
    whole = Limit(Measure.COST, "app-1", 1_000, Period.LIFETIME)
    await ledger.books.open(ORG, {whole: {"": {0: 950}}})
    decision = await reserve(ledger, "r", whole, amount=100)
    assert decision.refused_by == whole
    assert decision.retry_after_seconds > timedelta(days=365 * 100).total_seconds()
    assert decision.statuses[0].reset_seconds == 0


async def test_a_lifetime_whose_counter_expired_is_lost_and_not_empty(
    ledger: RedisLedger, client: RedisClient
) -> None:
    whole = Limit(Measure.COST, "app-1", 1_000, Period.LIFETIME)
    await ledger.books.open(ORG, {whole: {"": {0: 950}}})
    await client.redis.delete(limit_key(ORG, whole))
    with pytest.raises(LedgerLost):
        await reserve(ledger, "r", whole, amount=1)


@pytest.mark.parametrize("limit", [TOKENS, replace(MANY, capacity=20), MANY, EACH_TOKENS])
async def test_a_reset_begins_anew(ledger: RedisLedger, limit: Limit) -> None:
    one = of(limit, "s1") if limit.per else limit
    hold = (await reserve(ledger, "r1", one, amount=100)).hold
    await ledger.settle(hold, tokens=100, cost_microusd=0)
    await ledger.books.reset(ORG, limit)
    decision = await reserve(ledger, "r2", one, amount=100)
    taken = 1 if limit.measure is Measure.REQUESTS else 100
    assert decision.statuses[0].remaining == limit.capacity - taken


async def test_every_key_of_them_expires(ledger: RedisLedger, client: RedisClient) -> None:
    await ledger.books.open(ORG, {EACH_DAY: {}})
    limits = (of(EACH_DAY, "a"), of(EACH_TOKENS, "a"), of(EACH_AT_ONCE, "a"), MANY)
    hold = (await reserve(ledger, "r1", *limits)).hold
    await ledger.settle(hold, tokens=1, cost_microusd=1)
    await reserve(ledger, "r2", *limits)
    keys = await client.redis.keys("*")
    assert len(keys) == 13
    assert all([await client.redis.pttl(key) > 0 for key in keys])
