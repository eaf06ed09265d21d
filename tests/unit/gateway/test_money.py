"""What a request is charged where it ends badly: nothing is free that was billed, and no hold is
forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.gateway.parts import (
    Ledger,
    Payloads,
    Scripted,
    call,
    chat_completion,
    completion,
    gateway,
    policy,
)

from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.price import Price
from controlplane.domain.routing import Target
from controlplane.errors import ProviderError, ProviderUnavailable, Unavailable, Unreachable
from controlplane.gateway.call import Call
from controlplane.gateway.pipeline import Gateway

CAPPED = {"cost_caps": [{"usd": "5.00", "period": "day"}], "rate_limits": []}
QUESTION, TOKENS_ASKED = "x" * 400, 100
TIMED_OUT = ProviderError("timeout", "slow")
REFUSED = ProviderError("connect", "refused")
BROKEN = ProviderError("status", "no", status=500)


CAPPED_AND_TRIED = [
    *policy(**CAPPED, concurrency=4),
    PolicyDocument(
        Level.ORGANIZATION,
        "org-1",
        1,
        {"mode": "shadow", "cost_caps": [{"usd": "1.00", "period": "month"}]},
    ),
]


async def run(made: Gateway, incoming: Call) -> None:
    async with chat_completion(incoming, made):
        pass


async def leave_during(started: asyncio.Event, running: Awaitable[None]) -> None:
    """The caller leaves once `started`."""
    task = asyncio.ensure_future(running)
    await asyncio.wait_for(started.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def hanging(started: asyncio.Event) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def hang(*_: Any, **__: Any) -> Any:
        started.set()
        await asyncio.Event().wait()

    return hang


@pytest.mark.parametrize(
    ("failures", "billed"),
    [
        ((TIMED_OUT, TIMED_OUT, TIMED_OUT), 3),
        ((TIMED_OUT, REFUSED, BROKEN), 1),
        ((BROKEN, REFUSED, TIMED_OUT), 1),
        ((REFUSED, BROKEN, BROKEN), 0),
    ],
)
async def test_calls_that_ran_out_of_time_are_charged_for_what_was_asked(
    failures: tuple[ProviderError, ...], billed: int
) -> None:
    ledger = Ledger()
    providers = {name: Scripted(error) for name, error in zip("abc", failures, strict=True)}
    targets = tuple(Target(name, f"model-{name}") for name in providers)
    made, sink = gateway(providers, targets=targets, ledger=ledger, documents=policy(**CAPPED))
    with pytest.raises(ProviderUnavailable):
        await run(made, call(QUESTION))
    (event,) = sink.events
    assert len(event.attempts) == 3
    assert [cost for _, _, cost in ledger.settled] == [TOKENS_ASKED * billed]
    assert (event.tokens_input, event.tokens_output) == (TOKENS_ASKED * billed, 0)
    assert event.usage_estimated is bool(billed)


async def test_the_own_price_of_what_was_asked_for_comes_before_the_list() -> None:
    own = {("echo", "echo-1"): Price(Decimal(7), Decimal(7))}
    made, sink = gateway({"echo": Scripted(completion(model="a-snapshot"))}, prices=own)
    await run(made, call())
    assert sink.events[0].cost_microusd == 5 * 7
    own[("echo", "a-snapshot")] = Price(Decimal(3), Decimal(3))
    await run(made, call())
    assert sink.events[1].cost_microusd == 5 * 3


async def test_a_caller_who_leaves_while_the_texts_are_kept_is_recorded() -> None:
    started, payloads = asyncio.Event(), Payloads()
    payloads.put = hanging(started)  # type: ignore[method-assign]
    made, sink = gateway(payloads=payloads, documents=policy(store_payloads=True))
    await leave_during(started, run(made, call()))
    (event,) = sink.events
    assert event.tokens_input > 0
    assert event.payload_key is None


async def test_a_caller_who_leaves_during_the_settlement_leaves_it_to_the_event() -> None:
    started, ledger = asyncio.Event(), Ledger()
    ledger.settle = hanging(started)  # type: ignore[method-assign]
    made, sink = gateway(
        {"echo": Scripted(completion())}, ledger=ledger, documents=policy(**CAPPED)
    )
    await leave_during(started, run(made, call()))
    unsettled = sink.events[0].unsettled
    assert unsettled is not None
    assert (unsettled["used_tokens"], unsettled["used_cost_microusd"]) == (5, 5)


async def test_a_reservation_without_an_answer_is_given_back_by_the_event() -> None:
    ledger = Ledger(fails=Unreachable("redis"))
    made, sink = gateway(ledger=ledger, documents=CAPPED_AND_TRIED)
    with pytest.raises(Unavailable):
        await run(made, call())
    assert_given_back(sink.events[0].unsettled, ledger)


async def test_a_caller_who_leaves_during_the_reservation_leaves_no_hold() -> None:
    started, ledger = asyncio.Event(), Ledger()
    reserve = ledger.reserve

    async def hang(claim: Any) -> Any:
        await reserve(claim)
        return await hanging(started)()

    ledger.reserve = hang  # type: ignore[method-assign]
    made, sink = gateway(ledger=ledger, documents=CAPPED_AND_TRIED)
    await leave_during(started, run(made, call()))
    assert sink.events[0].status == 499
    assert_given_back(sink.events[0].unsettled, ledger)


def assert_given_back(unsettled: Any, ledger: Ledger) -> None:
    """All that the claim may have taken, those on trial too, and nothing used."""
    (claim,) = ledger.claims
    assert unsettled is not None
    assert {(row[0], row[1], row[4]) for row in unsettled["limits"]} == {
        ("cost", "app-1", False),
        ("cost", "org-1", True),
        ("concurrency", "app-1", False),
    }
    assert (unsettled["tokens"], unsettled["cost_microusd"]) == (claim.tokens, claim.cost_microusd)
    assert (unsettled["used_tokens"], unsettled["used_cost_microusd"]) == (0, 0)
