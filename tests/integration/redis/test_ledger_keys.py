"""What the ledger keeps in Redis, and what follows where some of it is gone."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

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
from tests.servers import valkey

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.redis.ledger_keys import limit_key, to_us
from controlplane.domain.limits import Claim, Limit
from controlplane.errors import LedgerLost


@pytest.fixture(autouse=True)
async def opened(ledger: RedisLedger) -> None:
    await ledger.books.open(ORG, {DAY: {}, MONTH: {}, ROLLING: {}})


@pytest.mark.parametrize("limit", [DAY, ROLLING])
async def test_without_its_ledger_a_cost_cap_is_closed(
    ledger: RedisLedger, client: RedisClient, limit: Limit
) -> None:
    await client.redis.flushdb()
    for i in range(3):
        with pytest.raises(LedgerLost) as lost:
            await reserve(ledger, f"r{i}", REQUESTS, limit)
        assert lost.value.org_id == ORG
    assert list(await ledger.books.lost()) == [ORG]
    assert (await reserve(ledger, "r", TOKENS, AT_ONCE, REQUESTS)).statuses[2].remaining == 99


async def test_a_counter_that_vanished_alone_is_lost_too(
    ledger: RedisLedger, client: RedisClient
) -> None:
    """As where Redis is full and evicts what has a time to live."""
    hold = (await reserve(ledger, "r1", DAY, MONTH)).hold
    await client.redis.delete(limit_key(ORG, DAY))
    with pytest.raises(LedgerLost):
        await reserve(ledger, "r2", DAY, MONTH)
    await ledger.settle(hold, tokens=0, cost_microusd=90)
    with pytest.raises(LedgerLost):
        await reserve(ledger, "r3", DAY)
    assert await remaining(ledger, MONTH) == [4_910]


async def test_a_settlement_on_a_lost_ledger_makes_no_counter(
    ledger: RedisLedger, client: RedisClient
) -> None:
    hold = (await reserve(ledger, "r1", DAY, MONTH)).hold
    await client.redis.flushdb()
    await ledger.settle(hold, tokens=0, cost_microusd=90)
    keys = await client.redis.keys("*")
    assert all(key.startswith(b"settled:") for key in keys)


@pytest.mark.parametrize("by", ["reservation", "settlement"])
async def test_a_counter_in_use_never_stops_to_be_missed(
    ledger: RedisLedger, client: RedisClient, by: str
) -> None:
    sentinel, key = f"ledger:{{{ORG}}}", limit_key(ORG, DAY)
    hold = (await reserve(ledger, "r1", DAY)).hold
    soon = to_us(await ledger.books.now()) + 500_000
    await client.redis.hset(sentinel, key, soon)
    await client.redis.expire(sentinel, 60)
    if by == "reservation":
        await reserve(ledger, "r2", DAY)
    else:
        await ledger.settle(hold, tokens=0, cost_microusd=5)
    await asyncio.sleep(0.6)
    await client.redis.delete(key)
    with pytest.raises(LedgerLost):
        await reserve(ledger, "r3", DAY)
    assert await client.redis.ttl(sentinel) > timedelta(days=399).total_seconds()


async def test_a_counter_that_nobody_used_for_long_is_empty_and_not_lost(
    ledger: RedisLedger, client: RedisClient
) -> None:
    key = limit_key(ORG, DAY)
    # As days later: it had to exist until now, and its time to live is over.
    await client.redis.hset(f"ledger:{{{ORG}}}", key, to_us(await ledger.books.now()))
    await client.redis.delete(key)
    assert (await reserve(ledger, "r", DAY)).statuses[0].remaining == 900


async def test_holds_that_vanished_are_not_held_for_ever(
    ledger: RedisLedger, client: RedisClient
) -> None:
    hold = (await reserve(ledger, "r1", TOKENS, amount=900)).hold
    await client.redis.delete(limit_key(ORG, TOKENS) + ":holds")
    assert await remaining(ledger, TOKENS) == [1_000]
    await ledger.settle(hold, tokens=50, cost_microusd=0)
    assert await remaining(ledger, TOKENS) == [950]


async def test_holds_of_a_counter_that_vanished_are_void(
    ledger: RedisLedger, client: RedisClient
) -> None:
    old = (await reserve(ledger, "old", TOKENS, amount=300)).hold
    await client.redis.delete(limit_key(ORG, TOKENS))
    await reserve(ledger, "new", TOKENS, amount=400)
    assert await remaining(ledger, TOKENS) == [600]
    await ledger.settle(old, tokens=50, cost_microusd=0)
    assert await remaining(ledger, TOKENS) == [550]


@pytest.mark.dates
async def test_every_key_expires(ledger: RedisLedger, client: RedisClient) -> None:
    hold = (await reserve(ledger, "r1", *EVERY)).hold
    await reserve(ledger, "r2", *EVERY)
    await ledger.settle(hold, tokens=10, cost_microusd=10)
    await ledger.books.note_lost("org-2", 30)

    async def lifetimes(redis: Any) -> dict[str, int]:
        return {key.decode(): await redis.pttl(key) async for key in redis.scan_iter()}

    found = await client.run(lifetimes)
    assert len(found) == 15
    assert all(lifetime > 0 for lifetime in found.values()), found
    month = limit_key(ORG, MONTH)
    assert found[month] > timedelta(days=60).total_seconds() * 1000


async def test_the_keys_name_organisation_scope_and_window(ledger: RedisLedger) -> None:
    names = [limit_key("org-123", replace(limit, scope="app-456")) for limit in EVERY]
    assert names == [
        "rate_limit:{org-123}:app-456:minute",
        "tokens:{org-123}:app-456:60s",
        "cost:{org-123}:app-456:day",
        "cost:{org-123}:app-456:month",
        "cost:{org-123}:app-456:3600s",
        "concurrency:{org-123}:app-456",
    ]
    assert limit_key("o", replace(TOKENS, shadow=True)) == "tokens:{o}:app-1:60s:shadow"
    assert limit_key("o", replace(REQUESTS, window=90)) == "rate_limit:{o}:app-1:90s"


async def test_the_note_of_a_hold_stands_as_long_as_it_is_held(
    ledger: RedisLedger, client: RedisClient
) -> None:
    note = {"subject": "key:1", "model_requested": 'a "model" of é'}
    decision = await ledger.reserve(Claim("r1", ORG, (TOKENS,), tokens=5, note=note))
    stored = json.loads(await client.redis.hget(f"holds:{{{ORG}}}", "r1"))
    assert stored["note"] == note
    assert stored["expires_at"] - stored["admitted_at"] == 60_000_000
    await ledger.settle(decision.hold, tokens=5, cost_microusd=0)
    await reserve(ledger, "r2", REQUESTS)  # sets nothing aside
    assert await client.redis.exists(f"holds:{{{ORG}}}") == 0


async def test_scripts_survive_a_script_flush() -> None:
    # In a server of its own: a flush hits the scripts of all databases, and of all tests.
    with valkey() as url:
        client = RedisClient(f"{url}/0", 2_000, 4)
        ledger = RedisLedger(client)
        await reserve(ledger, "a", TOKENS)
        await client.redis.script_flush()
        hold = (await reserve(ledger, "b", TOKENS)).hold
        await client.redis.script_flush()
        await ledger.settle(hold, tokens=0, cost_microusd=0)
        assert await remaining(ledger, TOKENS) == [900]
        await client.close()
