"""Budgets, replays and kept texts on the request path, over parts in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from tests.unit.gateway.parts import (
    ADMITTED_AT,
    Ledger,
    Payloads,
    Scripted,
    body_of,
    call,
    chat_completion,
    chunks_of,
    completion,
    gateway,
    policy,
)

from controlplane.domain.audit import AuditEvent
from controlplane.domain.inference import Body
from controlplane.domain.limits import Claim, Decision, Hold, LimitStatus, Per, counter_of
from controlplane.domain.routing import LONGEST_SECONDS
from controlplane.errors import (
    Conflict,
    InvalidRequest,
    LedgerLost,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    Unavailable,
    Unreachable,
)
from controlplane.gateway.call import Answer, Call
from controlplane.gateway.pipeline import Gateway

CAPPED = {"cost_caps": [{"usd": "5.00", "period": "day"}]}
ANSWERED = 5  # tokens of `completion()`, at one micro-dollar each


async def run(made: Gateway, incoming: Call) -> Body:
    return body_of((await answer(made, incoming)).content)


async def answer(made: Gateway, incoming: Call) -> Answer:
    async with chat_completion(incoming, made) as answered:
        return answered


async def test_the_hold_is_the_worst_case_and_the_settlement_what_was_used() -> None:
    ledger = Ledger()
    made, sink = gateway(
        {"echo": Scripted(completion())}, ledger=ledger, documents=policy(**CAPPED)
    )
    await run(made, call(max_tokens=10))
    (claim,) = ledger.claims
    ((hold, tokens, cost),) = ledger.settled
    assert claim.cost_microusd > 1_000
    assert claim.tokens == claim.cost_microusd
    assert (tokens, cost) == (ANSWERED, ANSWERED)
    assert hold.request_id == claim.request_id
    assert {limit.name for limit in claim.limits} == {"cost:app-1:day", "requests:app-1:60s"}
    assert sink.events[0].admitted_at == ADMITTED_AT
    assert sink.events[0].cost_microusd == ANSWERED
    assert sink.events[0].unsettled is None


@pytest.mark.parametrize(("glob", "limited"), [("m*", True), ("gpt-*", False)])
async def test_a_cap_of_models_is_only_for_those_who_ask_for_them(glob: str, limited: bool) -> None:
    ledger = Ledger()
    cap = {"usd": "5", "period": "day", "models": [glob], "per": "end_user"}
    made, _ = gateway(
        {"echo": Scripted(completion())}, ledger=ledger, documents=policy(cost_caps=[cap])
    )
    await run(made, call(user="alice"))
    counters = {limit.per: limit.counter for limit in ledger.claims[0].limits}
    alice = counter_of(ledger.claims[0].org_id, Per.END_USER, "alice")
    assert counters == ({None: "", Per.END_USER: alice} if limited else {None: ""})
    # A request without limits gets no bound either.
    assert (ledger.claims[0].tokens > 0) is limited


async def test_a_text_that_redaction_makes_longer_is_held_as_it_goes_out() -> None:
    ledger = Ledger()
    custom = [{"kind": "a_kind_with_a_long_name", "pattern": "q[0-9]"}]
    screening = {"pii": "redact", "custom": custom}
    made, _ = gateway(ledger=ledger, documents=policy(**CAPPED, screening=screening))
    text = " ".join(f"q{number % 10}" for number in range(400))
    await run(made, call(text, max_tokens=1))
    assert ledger.claims[0].tokens > 400 * len("A_KIND_WITH_A_LONG_NAME")


async def test_a_failed_request_gives_its_hold_back() -> None:
    ledger = Ledger()
    broken = Scripted(ProviderError("status", "no", status=500))
    made, _ = gateway({"echo": broken}, ledger=ledger, documents=policy(**CAPPED))
    with pytest.raises(ProviderUnavailable):
        await run(made, call())
    assert [(tokens, cost) for _, tokens, cost in ledger.settled] == [(0, 0)]


async def test_the_lease_outlives_the_request() -> None:
    ledger = Ledger()
    made, _ = gateway(ledger=ledger)
    await run(made, call())
    assert ledger.claims[0].lease_seconds == LONGEST_SECONDS + 10
    assert ledger.claims[0].note["subject"] == "key:k1"


async def test_a_cap_that_is_reached_calls_no_provider() -> None:
    def refuse(claim: Claim) -> Decision:
        limit = claim.limits[0]
        statuses = (LimitStatus(limit, 3, 9.0),)
        return Decision(Hold(claim.request_id, claim.org_id), statuses, limit)

    provider = Scripted(completion())
    ledger = Ledger(refuses=refuse)
    capped = policy(rate_limits=[], **CAPPED)
    made, sink = gateway({"echo": provider}, ledger=ledger, documents=capped)
    with pytest.raises(QuotaExceeded):
        await run(made, call())
    assert provider.requests == []
    assert ledger.settled == []
    assert (sink.events[0].status, sink.events[0].code) == (429, "insufficient_quota")


async def test_a_lost_ledger_admits_nobody() -> None:
    made, sink = gateway(ledger=Ledger(fails=LedgerLost("org-1")), documents=policy(**CAPPED))
    with pytest.raises(Unavailable) as error:
        await run(made, call())
    assert error.value.headers["Retry-After"] == "60"
    assert sink.events[0].status == 503


async def test_without_redis_caps_are_closed_unless_the_policy_opens_them() -> None:
    down = Ledger(fails=Unreachable("redis"))
    closed, _ = gateway(ledger=down, documents=policy(**CAPPED))
    with pytest.raises(Unavailable, match="Cost caps"):
        await run(closed, call())
    open_, sink = gateway(
        {"echo": Scripted(completion())},
        ledger=down,
        documents=policy(**CAPPED, when_redis_is_down={"cost": "open"}),
    )
    await run(open_, call())
    (event,) = sink.events
    assert event.degraded
    assert event.unsettled is not None
    assert event.unsettled["used_cost_microusd"] == ANSWERED


async def test_what_the_ledger_could_not_be_told_goes_with_the_event() -> None:
    ledger = Ledger()

    async def fail(*_: Any, **__: Any) -> Any:
        raise Unreachable("redis")

    ledger.settle = fail  # type: ignore[method-assign]
    made, sink = gateway(
        {"echo": Scripted(completion())}, ledger=ledger, documents=policy(**CAPPED)
    )
    await run(made, call())
    unsettled = sink.events[0].unsettled
    assert unsettled is not None
    assert unsettled["limits"] == [["cost", "app-1", 5_000_000, "day", False]]
    assert unsettled["admitted_at"] == ADMITTED_AT.isoformat()
    again = AuditEvent.from_json(sink.events[0].to_json())
    assert again.unsettled == unsettled
    assert again.admitted_at == ADMITTED_AT


async def test_reached_limits_on_trial_are_on_record() -> None:
    def would(claim: Claim) -> Decision:
        hold = Hold(claim.request_id, claim.org_id)
        return Decision(hold, (), would_refuse=claim.limits[:1])

    made, sink = gateway(ledger=Ledger(refuses=would))
    await run(made, call())
    assert sink.events[0].shadow == ("requests:app-1:60s",)


async def test_the_same_key_and_body_is_answered_once_and_told_again() -> None:
    provider, ledger = Scripted(completion("once")), Ledger()
    made, sink = gateway({"echo": provider}, ledger=ledger, documents=policy(**CAPPED))
    first = await answer(made, call(idempotency_key="k-1"))
    second = await answer(made, call(idempotency_key="k-1"))
    assert second.content == first.content
    assert (first.trail.replayed, second.trail.replayed) == (False, True)
    assert len(provider.requests) == len(ledger.claims) == len(ledger.settled) == 1
    assert [event.replayed for event in sink.events] == [False, True]
    assert (sink.events[1].cost_microusd, sink.events[1].tokens_input) == (None, 0)
    assert sink.events[1].provider == "echo"


async def test_another_body_under_the_same_key_is_a_conflict() -> None:
    made, _ = gateway()
    await run(made, call("one", idempotency_key="k-1"))
    with pytest.raises(Conflict) as error:
        await run(made, call("two", idempotency_key="k-1"))
    assert (error.value.status, error.value.code) == (409, "idempotency_key_reused")
    assert error.value.headers["x-should-retry"] == "false"


async def test_a_key_in_use_is_a_conflict_that_says_when_to_come_back() -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def slow() -> Body:
        started.set()
        await go.wait()
        return completion()

    made, _ = gateway({"echo": Scripted(slow)})
    first = asyncio.create_task(run(made, call(idempotency_key="k-1")))
    await started.wait()
    with pytest.raises(Conflict) as error:
        await run(made, call(idempotency_key="k-1"))
    go.set()
    assert (error.value.code, error.value.headers) == (
        "idempotency_key_in_use",
        {"Retry-After": "2"},
    )
    assert await first == await run(made, call(idempotency_key="k-1"))


async def test_a_failure_gives_the_key_up() -> None:
    provider = Scripted(ProviderError("status", "no", status=401), completion("later"))
    made, _ = gateway({"echo": provider})
    with pytest.raises(ProviderUnavailable):
        await run(made, call(idempotency_key="k-1"))
    assert await run(made, call(idempotency_key="k-1"))


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\t", "naïve"])
async def test_keys_that_are_none_are_refused(key: str) -> None:
    made, _ = gateway()
    with pytest.raises(InvalidRequest, match="255 printable"):
        await run(made, call(idempotency_key=key))


async def test_streams_are_refused_by_name() -> None:
    made, _ = gateway()
    with pytest.raises(InvalidRequest) as error:
        await run(made, call(idempotency_key="k-1", stream=True))
    assert error.value.param == "stream"


async def test_texts_are_kept_only_where_the_policy_says_so() -> None:
    silent = Payloads()
    made, sink = gateway(payloads=silent)
    await run(made, call())
    assert (silent.stored, sink.events[0].payload_key) == ({}, None)


async def test_kept_texts_are_those_that_went_out() -> None:
    kept = Payloads()
    document = {"store_payloads": True, "screening": {"pii": "redact"}}
    provider = Scripted(completion("fine"))
    made, sink = gateway({"echo": provider}, payloads=kept, documents=policy(**document))
    await run(made, call("I am ana@example.com"))
    ((key, body),) = kept.stored.items()
    assert sink.events[0].payload_key == key
    assert key.startswith("payloads/org=org-1/dt=")
    texts = orjson.loads(body)
    assert "ana@example.com" not in body.decode()
    assert texts["answer"]["choices"][0]["message"]["content"] == "fine"


async def test_kept_streams_are_the_chunks() -> None:
    kept = Payloads()
    made, _ = gateway(payloads=kept, documents=policy(store_payloads=True))
    async with chat_completion(call("one two three", stream=True), made) as answered:
        seen = [chunk async for chunk in chunks_of(answered.content)]
    (body,) = kept.stored.values()
    assert orjson.loads(body)["answer"] == seen


async def test_a_bucket_that_is_down_costs_the_texts_and_not_the_answer() -> None:
    made, sink = gateway(payloads=Payloads(fails=True), documents=policy(store_payloads=True))
    assert await run(made, call())
    assert sink.events[0].payload_key is None
