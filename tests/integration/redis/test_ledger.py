"""Tokens, costs and concurrency in Redis: holds, settlements, leases, shadow limits."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.redis.ledger_limits import (
    AT_ONCE,
    DAY,
    EVERY,
    MONTH,
    ORG,
    REQUESTS,
    ROLLING,
    TOKENS,
    remaining,
    reserve,
)

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.redis.ledger_keys import limit_key
from controlplane.domain.limits import Limit


@pytest.fixture(autouse=True)
async def opened(ledger: RedisLedger) -> None:
    await ledger.books.open(ORG, {DAY: {}, MONTH: {}, ROLLING: {}})


@pytest.mark.parametrize("limit", [TOKENS, DAY, ROLLING])
async def test_what_is_held_counts_as_used(ledger: RedisLedger, limit: Limit) -> None:
    decisions = await asyncio.gather(*(reserve(ledger, f"r{i}", limit) for i in range(50)))
    assert sum(decision.refused_by is None for decision in decisions) == 10
    assert await remaining(ledger, limit) == [0]


@pytest.mark.parametrize("limit", [TOKENS, DAY, ROLLING])
async def test_a_settlement_replaces_the_hold_by_the_use(ledger: RedisLedger, limit: Limit) -> None:
    hold = (await reserve(ledger, "r1", limit, amount=400)).hold
    for _ in range(3):  # a second time changes nothing
        await ledger.settle(hold, tokens=70, cost_microusd=70)
        assert await remaining(ledger, limit) == [930]


async def test_a_release_gives_everything_back(ledger: RedisLedger) -> None:
    hold = (await reserve(ledger, "r1", *EVERY)).hold
    await ledger.settle(hold, tokens=0, cost_microusd=0)
    assert await remaining(ledger, TOKENS, DAY, MONTH, ROLLING) == [1_000, 1_000, 5_000, 1_000]
    assert (await reserve(ledger, "r2", AT_ONCE)).statuses[0].remaining == 4


async def test_use_beyond_the_hold_counts_in_full(ledger: RedisLedger) -> None:
    hold = (await reserve(ledger, "r1", DAY)).hold
    await ledger.settle(hold, tokens=0, cost_microusd=1_500)
    assert await remaining(ledger, DAY) == [0]
    assert (await reserve(ledger, "r2", DAY, amount=1)).refused_by == DAY


@pytest.mark.parametrize("limit", [TOKENS, DAY])
async def test_a_hold_ends_with_its_lease(ledger: RedisLedger, limit: Limit) -> None:
    await reserve(ledger, "dies", limit, amount=900, lease=0.2)
    hold = (await reserve(ledger, "lives", limit, amount=100)).hold
    assert await remaining(ledger, limit) == [0]
    await asyncio.sleep(0.25)
    assert await remaining(ledger, limit) == [900]
    await ledger.settle(hold, tokens=100, cost_microusd=100)
    assert await remaining(ledger, limit) == [900]


@pytest.mark.parametrize("looked_at", [True, False])
async def test_a_settlement_after_the_lease_counts_in_full_once(
    ledger: RedisLedger, looked_at: bool
) -> None:
    hold = (await reserve(ledger, "late", TOKENS, DAY, lease=0.1)).hold
    await asyncio.sleep(0.15)
    if looked_at:  # then the expired hold is gone already
        assert await remaining(ledger, TOKENS, DAY) == [1_000, 1_000]
    for _ in range(2):
        await ledger.settle(hold, tokens=80, cost_microusd=90)
    assert await remaining(ledger, TOKENS, DAY) == [920, 910]


async def test_a_repeated_reservation_changes_nothing(ledger: RedisLedger) -> None:
    first = await reserve(ledger, "same", *EVERY, amount=600)
    second = await reserve(ledger, "same", *EVERY, amount=600)
    assert second.hold == first.hold
    assert [s.remaining for s in second.statuses] == [s.remaining for s in first.statuses]
    await ledger.settle(second.hold, tokens=1, cost_microusd=1)
    assert await remaining(ledger, DAY) == [999]


async def test_a_request_id_that_is_used_again_is_charged_again(ledger: RedisLedger) -> None:
    for _ in range(3):
        hold = (await reserve(ledger, "same", DAY, TOKENS)).hold
        await ledger.settle(hold, tokens=100, cost_microusd=100)
    assert await remaining(ledger, DAY, TOKENS) == [700, 700]


async def test_one_full_limit_of_many_leaves_the_others_untouched(ledger: RedisLedger) -> None:
    await reserve(ledger, "full", ROLLING, amount=1_000)
    for i in range(5):
        assert (await reserve(ledger, f"r{i}", *EVERY)).refused_by == ROLLING
    assert await remaining(ledger, TOKENS, DAY, MONTH) == [1_000, 1_000, 5_000]
    left = (await reserve(ledger, "r", REQUESTS, AT_ONCE)).statuses
    assert [status.remaining for status in left] == [99, 4]


async def test_a_claim_that_never_fits_is_said_to(ledger: RedisLedger) -> None:
    await reserve(ledger, "full", ROLLING, amount=1_000)
    refused = await reserve(ledger, "big", TOKENS, ROLLING, amount=1_001)
    assert (refused.refused_by, refused.fits) == (ROLLING, False)
    narrow = replace(TOKENS, capacity=50)
    refused = await reserve(ledger, "big", ROLLING, narrow, amount=51)
    # Both refuse; only one of them for good.
    assert (refused.refused_by, refused.fits) == (narrow, False)


async def test_what_is_held_may_come_back_within_a_second(ledger: RedisLedger) -> None:
    await reserve(ledger, "r", TOKENS, DAY, amount=1_000)
    assert (await reserve(ledger, "x", TOKENS)).retry_after_seconds == 1
    assert (await reserve(ledger, "x", DAY)).retry_after_seconds == 1


@pytest.mark.dates
async def test_what_is_spent_comes_back_with_its_window(ledger: RedisLedger) -> None:
    hold = (await reserve(ledger, "r", TOKENS, DAY, MONTH, amount=1_000)).hold
    await ledger.settle(hold, tokens=1_000, cost_microusd=5_000)
    assert 59 <= (await reserve(ledger, "x", TOKENS)).retry_after_seconds <= 62
    now = datetime.now(UTC)
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    next_month = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    day, month = await reserve(ledger, "x", DAY), await reserve(ledger, "x", MONTH)
    assert day.retry_after_seconds == pytest.approx((midnight - now).total_seconds(), abs=2)
    assert month.retry_after_seconds == pytest.approx((next_month - now).total_seconds(), abs=2)
    assert day.statuses[0].reset_seconds == pytest.approx(day.retry_after_seconds)


@pytest.mark.dates
@pytest.mark.parametrize("limit", [DAY, MONTH])
async def test_a_new_period_starts_empty(
    ledger: RedisLedger, client: RedisClient, limit: Limit
) -> None:
    hold = (await reserve(ledger, "r", limit, amount=400)).hold
    await ledger.settle(hold, tokens=0, cost_microusd=400)
    await reserve(ledger, "over midnight", limit, amount=100)
    key = limit_key(ORG, limit)
    bucket = int(await client.redis.hget(key, "first"))
    # What was spent in this period becomes that of the period before.
    await client.redis.hdel(key, str(bucket))
    await client.redis.hset(key, mapping={"first": bucket - 1, str(bucket - 1): 400})
    assert await remaining(ledger, limit) == [limit.capacity - 100]
    assert str(bucket - 1).encode() not in await client.redis.hkeys(key)


@pytest.mark.dates
async def test_a_settlement_is_charged_to_the_period_of_admission(ledger: RedisLedger) -> None:
    hold = (await reserve(ledger, "r", DAY, ROLLING)).hold
    assert hold.admitted_at is not None
    assert abs(hold.admitted_at - datetime.now(UTC)) < timedelta(seconds=5)
    yesterday = replace(hold, admitted_at=hold.admitted_at - timedelta(days=1))
    await ledger.settle(yesterday, tokens=0, cost_microusd=90)
    assert await remaining(ledger, DAY, ROLLING) == [1_000, 1_000]


@pytest.mark.dates
async def test_each_whole_percent_of_a_cap_that_is_spent_is_told_once(ledger: RedisLedger) -> None:
    crossed, told = [], []
    for i, cost in enumerate((700, 99, 1, 100, 100)):
        hold = (await reserve(ledger, f"r{i}", DAY, MONTH, TOKENS, amount=cost)).hold
        charges = await ledger.settle(hold, tokens=cost, cost_microusd=cost)
        told.append([(charge.limit, charge.before, charge.after) for charge in charges])
        crossed.append([charge.limit for charge in charges if charge.crosses(80)])
        assert await ledger.settle(hold, tokens=cost, cost_microusd=cost) == ()
    assert told[0] == [(DAY, 0, 700), (MONTH, 0, 700)]
    assert told[2] == [(DAY, 799, 800), (MONTH, 799, 800)]
    assert told[3] == [(DAY, 800, 900), (MONTH, 800, 900)]
    assert crossed == [[], [], [DAY], [], []]


async def test_less_than_a_percent_of_a_cap_is_not_told(ledger: RedisLedger) -> None:
    hold = (await reserve(ledger, "r", MONTH, TOKENS, amount=40)).hold
    assert await ledger.settle(hold, tokens=40, cost_microusd=40) == ()


async def test_a_look_takes_nothing_and_says_what_a_decision_says(ledger: RedisLedger) -> None:
    decision = await reserve(ledger, "r", *EVERY)
    for _ in range(2):
        statuses = await ledger.look(ORG, EVERY)
        assert [each.remaining for each in statuses] == [
            each.remaining for each in decision.statuses
        ]
        assert [each.limit for each in statuses] == list(EVERY)
    await ledger.settle(decision.hold, tokens=0, cost_microusd=0)
    assert [each.remaining for each in await ledger.look(ORG, EVERY)] == [
        99,
        *(limit.capacity for limit in EVERY[1:]),
    ]


async def test_a_shadow_limit_counts_only_what_it_would_admit(ledger: RedisLedger) -> None:
    tried = replace(DAY, capacity=150, shadow=True)
    first = await reserve(ledger, "r1", DAY, tried)
    assert first.would_refuse == ()
    assert first.hold.limits == (DAY, tried)
    second = await reserve(ledger, "r2", DAY, tried)
    assert (second.refused_by, second.would_refuse) == (None, (tried,))
    assert second.hold.limits == (DAY,)
    await ledger.settle(second.hold, tokens=0, cost_microusd=100)
    await ledger.settle(first.hold, tokens=0, cost_microusd=50)
    assert (await reserve(ledger, "r3", DAY, tried)).would_refuse == ()
    assert await remaining(ledger, DAY) == [750]


async def test_a_reached_shadow_cap_leaves_no_hold_behind(
    ledger: RedisLedger, client: RedisClient
) -> None:
    tried = replace(DAY, capacity=50, shadow=True)
    spent = (await reserve(ledger, "first", tried, amount=40)).hold
    await ledger.settle(spent, tokens=0, cost_microusd=40)
    for limits in ((tried,), (tried, REQUESTS), (REQUESTS, tried)):
        decision = await reserve(ledger, "r", *limits)
        assert (decision.refused_by, decision.would_refuse) == (None, (tried,))
        assert await client.redis.hkeys(f"holds:{{{ORG}}}") == []
    # What is asked again was admitted when it was admitted first.
    repeated = await reserve(ledger, "r", tried, REQUESTS)
    assert repeated.hold == (await reserve(ledger, "r", tried, REQUESTS)).hold
    await reserve(ledger, "r2", tried, AT_ONCE)
    assert await client.redis.hkeys(f"holds:{{{ORG}}}") == [b"r2"]


async def test_a_short_lease_does_not_end_the_life_of_a_longer_one(
    ledger: RedisLedger, client: RedisClient
) -> None:
    await reserve(ledger, "long", AT_ONCE, lease=600)
    await reserve(ledger, "short", AT_ONCE, lease=1)
    assert 655_000 < await client.redis.pttl(limit_key(ORG, AT_ONCE)) <= 660_000
    await reserve(ledger, "longer", AT_ONCE, lease=900)
    assert 955_000 < await client.redis.pttl(limit_key(ORG, AT_ONCE)) <= 960_000


async def test_a_refused_request_leaves_shadow_limits_alone(ledger: RedisLedger) -> None:
    tried = replace(TOKENS, capacity=100, shadow=True)
    await reserve(ledger, "full", DAY, amount=1_000)
    assert (await reserve(ledger, "r", DAY, tried)).refused_by == DAY
    assert (await reserve(ledger, "r", tried)).would_refuse == ()


async def test_two_limits_over_one_counter_count_once(ledger: RedisLedger) -> None:
    wide = replace(DAY, capacity=2_000)
    hold = (await reserve(ledger, "r1", wide, DAY)).hold
    assert await remaining(ledger, DAY) == [900]
    await ledger.settle(hold, tokens=0, cost_microusd=60)
    assert await remaining(ledger, wide, DAY) == [1_940, 940]


async def test_amounts_up_to_2_to_the_53_are_exact(ledger: RedisLedger) -> None:
    largest = replace(DAY, capacity=2**53 - 1)
    hold = (await reserve(ledger, "r1", largest, amount=2**53 - 2)).hold
    assert (await reserve(ledger, "r2", largest, amount=2)).refused_by == largest
    last = await reserve(ledger, "r3", largest, amount=1)
    assert (last.refused_by, last.statuses[0].remaining) == (None, 0)
    await ledger.settle(hold, tokens=0, cost_microusd=2**53 - 3)
    assert (await reserve(ledger, "r4", largest, amount=1)).statuses[0].remaining == 0
