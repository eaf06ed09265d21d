"""Readiness: asked once a second, twice before a part is down, bounded, and no alarm clock."""

from __future__ import annotations

import asyncio
import time

from controlplane.adapters.breaker import Breaker
from controlplane.errors import Unreachable
from controlplane.wiring.readiness import Part, Readiness


class Store:
    """Answers what it is told to."""

    def __init__(self, *failures: bool) -> None:
        self.failures = list(failures)
        self.asked = 0

    async def ask(self) -> None:
        self.asked += 1
        await asyncio.sleep(0.01)
        if self.failures and self.failures.pop(0):
            raise Unreachable("store")


async def test_many_who_ask_cost_one_question() -> None:
    store = Store()
    readiness = Readiness({"store": Part(store.ask)})
    for _ in range(3):
        states = await asyncio.gather(*(readiness.check(wake=False) for _ in range(40)))
        assert states == [{"store": "ok"}] * 40
    assert store.asked == 1


async def test_one_late_reply_is_no_outage_and_two_are() -> None:
    once, twice = Store(True, False), Store(True, True)
    readiness = Readiness({"once": Part(once.ask), "twice": Part(twice.ask)})
    assert await readiness.check(wake=False) == {"once": "ok", "twice": "down"}


async def test_whatever_hangs_an_answer_comes_within_two_seconds() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    started = time.monotonic()
    assert await Readiness({"store": Part(hang)}).check(wake=False) == {"store": "down"}
    assert time.monotonic() - started < 2


async def test_what_may_sleep_is_asked_on_request_only() -> None:
    store, breaker = Store(), Breaker(2, 1.0)
    readiness = Readiness({"store": Part(store.ask, breaker, asleep=True)})
    assert await readiness.check(wake=False) == {"store": "not asked"}
    breaker.failed()
    assert await readiness.check(wake=False) == {"store": "not asked, down 0 s ago"}
    assert store.asked == 0
    assert await readiness.check(wake=True) == {"store": "ok"}
    assert store.asked == 1


async def test_a_part_that_serves_requests_is_not_asked() -> None:
    store, breaker = Store(), Breaker(2, 1.0)
    breaker.succeeded()
    assert await Readiness({"store": Part(store.ask, breaker)}).check(wake=False) == {"store": "ok"}
    assert store.asked == 0
