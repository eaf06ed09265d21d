"""One round trip admits a request, one settles it: counted where they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.domain.limits import Claim, Decision, Limit, Measure, Period

LEVELS = ("org-1", "app-1", "key-1", "user-1")
REQUESTS = Limit(Measure.REQUESTS, "app-1", 5, 60)
EVERY = tuple(
    replace(limit, scope=scope)
    for scope in LEVELS
    for limit in (
        REQUESTS,
        Limit(Measure.TOKENS, "", 10_000, 60),
        Limit(Measure.COST, "", 10_000, Period.DAY),
        Limit(Measure.COST, "", 10_000, Period.MONTH),
        Limit(Measure.CONCURRENCY, "", 10, None),
    )
)


@pytest.fixture
async def opened(ledger: RedisLedger) -> None:
    """The scripts are known to the server, as after the first request of its life."""
    await ledger.books.open("org-1", {m: {} for m in EVERY if m.measure is Measure.COST})
    warm = await ledger.reserve(Claim("warm", "org-1", EVERY[1:2]))
    await ledger.settle(warm.hold, tokens=0, cost_microusd=0)


# A connection opens in database 0 before it selects its own: those of other tests do, too.
OPENING = frozenset({"AUTH", "CLIENT", "HELLO", "SELECT"})


class Wire:
    """What Redis receives while the context is open, without what scripts do inside."""

    def __init__(self, client: RedisClient, redis_url: str) -> None:
        self._client = client
        self._database = int(redis_url.rpartition("/")[2])
        self.commands: list[str] = []

    async def __aenter__(self) -> Wire:
        self._monitor = self._client.redis.monitor()
        await self._monitor.__aenter__()
        # Opens the connection that the next command finds in the pool.
        await self._client.redis.echo("the start")
        async for _ in self._seen("the start"):
            pass
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await self._client.redis.echo("the end")
        self.commands = [command async for command in self._seen("the end")]
        await self._monitor.__aexit__(*failure)

    async def _seen(self, end: str) -> AsyncIterator[str]:
        async for seen in self._monitor.listen():
            if seen["client_type"] == "lua" or seen["db"] != self._database:
                continue
            if end in seen["command"]:
                break
            command = seen["command"].split()[0].upper()
            if command not in OPENING:
                yield command


@pytest.mark.usefixtures("opened")
async def test_twenty_limits_take_one_round_trip_each_way(
    ledger: RedisLedger, client: RedisClient, clean_redis: str
) -> None:
    async with Wire(client, clean_redis) as wire:
        decision = await _reserve(ledger, "r1", *EVERY)
    assert len(decision.hold.limits) == 20
    assert wire.commands == ["EVALSHA"]
    async with Wire(client, clean_redis) as wire:
        await ledger.settle(decision.hold, tokens=50, cost_microusd=50)
    assert wire.commands == ["EVALSHA"]


@pytest.mark.usefixtures("opened")
async def test_a_refusal_takes_one_and_needs_no_settlement(
    ledger: RedisLedger, client: RedisClient, clean_redis: str
) -> None:
    full = replace(REQUESTS, capacity=0)
    async with Wire(client, clean_redis) as wire:
        decision = await _reserve(ledger, "r1", *EVERY, full)
        await ledger.settle(decision.hold, tokens=0, cost_microusd=0)
    assert decision.refused_by == full
    assert wire.commands == ["EVALSHA"]


@pytest.mark.usefixtures("opened")
async def test_requests_alone_need_no_settlement_and_no_limit_nothing(
    ledger: RedisLedger, client: RedisClient, clean_redis: str
) -> None:
    async with Wire(client, clean_redis) as wire:
        decision = await _reserve(ledger, "r1", REQUESTS)
        await ledger.settle(decision.hold, tokens=5, cost_microusd=5)
        free = await _reserve(ledger, "r2")
        await ledger.settle(free.hold, tokens=5, cost_microusd=5)
    assert decision.refused_by is None
    assert wire.commands == ["EVALSHA"]


async def _reserve(ledger: RedisLedger, request_id: str, *limits: Limit) -> Decision:
    return await ledger.reserve(Claim(request_id, "org-1", limits, tokens=100, cost_microusd=100))
