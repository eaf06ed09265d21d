"""Attempts, fail-over, deadlines and streams, over providers that do as the script says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from typing import Any

import pytest
from tests.fixed_providers import FixedProviders
from tests.unit.gateway.parts import (
    CALLER,
    Health,
    Scripted,
    ScriptedCall,
    body_of,
    chunks_of,
    completion,
    dispatched,
)

from controlplane.domain.inference import Event, InferenceRequest
from controlplane.domain.routing import Condition, Route, Target, Timeouts, Unsupported
from controlplane.domain.usage import Usage
from controlplane.errors import (
    InvalidRequest,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    UnsupportedParameter,
)
from controlplane.gateway.record import Trail
from controlplane.protocols.chat_completions.request import ChatRequest

A, B = Target("a", "model-a"), Target("b", "model-b")
FAST = Timeouts(connect_s=0.2, first_byte_s=0.2, idle_s=0.2, total_s=5.0)
BODY = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


def status(code: int, retry_after: float | None = None) -> ProviderError:
    return ProviderError("status", f"says {code}", status=code, retry_after_seconds=retry_after)


async def ask(
    *targets: Target,
    timeouts: Timeouts = FAST,
    seconds_left: float | None = None,
    **providers: Scripted,
) -> tuple[Any, Trail]:
    trail = Trail("req_1", CALLER)
    route = Route("m", targets, timeouts=timeouts)
    async with dispatched(
        ChatRequest(BODY), route, providers, trail, seconds_left=seconds_left
    ) as content:
        return body_of(content), trail


async def test_the_first_target_answers() -> None:
    a, b = Scripted(completion()), Scripted(completion())
    answer, trail = await ask(A, B, a=a, b=b)
    assert answer == completion()
    assert (trail.provider, trail.model_served) == ("a", "served-1")
    assert trail.usage is not None
    assert (trail.usage.input, trail.usage.output) == (3, 2)
    assert [(t.provider, t.status, t.failure) for t in trail.attempts] == [("a", 200, None)]
    assert not b.requests


@pytest.mark.parametrize(
    "failure",
    [
        *(status(code) for code in (401, 403, 404, 408, 429, 500, 502, 503, 504, 529)),
        ProviderError("connect", "refused"),
        ProviderError("timeout", "slow"),
        ProviderError("protocol", "html"),
    ],
    ids=lambda failure: str(failure.status or failure.kind),
)
async def test_fail_over(failure: ProviderError) -> None:
    a, b = Scripted(failure), Scripted(completion())
    _, trail = await ask(A, B, a=a, b=b)
    assert [t.provider for t in trail.attempts] == ["a", "b"]
    assert trail.attempts[0].failure == failure.kind
    assert (len(a.requests), len(b.requests)) == (1, 1)


@pytest.mark.parametrize("code", [400, 413, 422])
async def test_a_refused_request_goes_nowhere_else(code: int) -> None:
    refusal = ProviderError("status", "too long", status=code, param="messages", code="too_long")
    a, b = Scripted(refusal), Scripted(completion())
    with pytest.raises(ProviderRefused) as caught:
        await ask(A, B, a=a, b=b)
    error = caught.value
    assert (error.status, error.message, error.param, error.code) == (
        code,
        "too long",
        "messages",
        "too_long",
    )
    assert not b.requests


async def test_three_attempts_at_most() -> None:
    a, b = Scripted(status(500)), Scripted(status(502))
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(A, B, a=a, b=b, timeouts=Timeouts(total_s=5))
    assert len(a.requests) + len(b.requests) == 3
    assert caught.value.status == 502


async def test_a_single_target_is_tried_again() -> None:
    a = Scripted(status(500), completion())
    _, trail = await ask(A, a=a)
    assert [t.status for t in trail.attempts] == [500, 200]


async def test_a_misconfigured_target_is_not_tried_again() -> None:
    a = Scripted(status(401))
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(A, a=a)
    assert caught.value.status == 502
    assert caught.value.code == "provider_misconfigured"
    assert len(a.requests) == 1


async def test_an_unknown_provider_is_passed_over() -> None:
    _, trail = await ask(Target("nobody", "x"), B, b=Scripted(completion()))
    assert [(t.provider, t.failure) for t in trail.attempts] == [
        ("nobody", "unconfigured"),
        ("b", None),
    ]


async def test_when_all_are_busy_the_shortest_wait_is_passed_on() -> None:
    a, b = Scripted(status(429, 30)), Scripted(status(429, 12))
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(A, B, a=a, b=b)
    assert caught.value.status == 503
    assert caught.value.headers["Retry-After"] == "12"
    assert (len(a.requests), len(b.requests)) == (1, 1)


async def test_a_long_retry_after_is_left_to_the_caller_however_much_time_there_is() -> None:
    a, started = Scripted(status(429, 10.5)), time.monotonic()
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(A, a=a, seconds_left=900)
    assert caught.value.headers["Retry-After"] == "11"
    assert time.monotonic() - started < 5
    assert len(a.requests) == 1


async def test_a_short_retry_after_is_waited_for() -> None:
    a = Scripted(status(429, 0.2), completion())
    started = time.monotonic()
    _, trail = await ask(A, a=a)
    assert time.monotonic() - started >= 0.2
    assert trail.waited_seconds >= 0.2


async def hang() -> None:
    await asyncio.sleep(60)


async def test_one_deadline_bounds_all_attempts() -> None:
    started = time.monotonic()
    a, b = Scripted(hang), Scripted(hang)
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(A, B, a=a, b=b, timeouts=Timeouts(first_byte_s=0.3, total_s=0.5))
    assert caught.value.status == 504
    assert 0.4 < time.monotonic() - started < 2
    assert (len(a.requests), len(b.requests)) == (1, 1)


async def test_no_time_left_calls_nobody() -> None:
    a = Scripted(completion())
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(A, a=a, seconds_left=1.4)
    assert caught.value.status == 504
    assert not a.requests


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {"model": "s", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} | more


USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


def streaming(*steps: Any) -> Any:
    async def generate() -> AsyncGenerator[Event, None]:
        for step in steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield step

    return generate


async def read(
    *targets: Target, usage: bool = False, stop_after: int | None = None, **providers: Scripted
) -> tuple[list[Event], Trail, BaseException | None]:
    trail = Trail("req_1", CALLER)
    options = {"stream_options": {"include_usage": True}} if usage else {}
    request = ChatRequest(BODY | {"stream": True} | options)
    got: list[Event] = []
    failure: BaseException | None = None
    try:
        route = Route("m", targets, timeouts=FAST)
        async with dispatched(request, route, providers, trail) as content:
            chunks = chunks_of(content)
            async for item in chunks:
                got.append(item)
                if len(got) == stop_after:
                    break
    except ProviderUnavailable as error:
        failure = error
    return got, trail, failure


async def test_a_stream_keeps_its_order_and_hides_usage_that_nobody_asked_for() -> None:
    a = Scripted(
        streaming(
            chunk("one", usage=None),
            chunk("two"),
            chunk(None, "stop"),
            {"choices": [], "usage": USAGE},
        )
    )
    got, trail, failure = await read(A, a=a)
    assert got == [chunk("one"), chunk("two"), chunk(None, "stop")]
    assert failure is None
    assert trail.usage is not None
    assert trail.usage.output == 2
    assert a.closed == 1


async def test_the_usage_chunk_comes_when_asked_for() -> None:
    a = Scripted(streaming(chunk("one", "stop"), {"choices": [], "usage": USAGE}))
    got, _, _ = await read(A, usage=True, a=a)
    assert got[-1] == {"choices": [], "usage": USAGE}


async def test_a_stream_fails_over_before_its_first_chunk() -> None:
    for first in (streaming(), streaming(status(529)), streaming(5.0, chunk("late"))):
        a, b = Scripted(first), Scripted(streaming(chunk("b", "stop")))
        got, trail, failure = await read(A, B, a=a, b=b)
        assert got == [chunk("b", "stop")]
        assert failure is None
        assert [t.provider for t in trail.attempts] == ["a", "b"]
        assert a.closed == 1


@pytest.mark.parametrize(
    ("cut", "code"), [(ProviderError("protocol", "cut"), 502), (5.0, 504)], ids=["broken", "idle"]
)
async def test_a_cut_stream_is_an_error_and_no_second_call(cut: Any, code: int) -> None:
    a, b = Scripted(streaming(chunk("half"), cut)), Scripted(streaming(chunk("b", "stop")))
    got, trail, failure = await read(A, B, a=a, b=b)
    assert got == [chunk("half")]
    assert isinstance(failure, ProviderUnavailable)
    assert (failure.status, failure.code) == (code, "stream_interrupted")
    assert trail.attempts[-1].failure == "cut"
    assert not b.requests
    assert a.closed == 1


async def test_a_reader_who_leaves_closes_the_call() -> None:
    a = Scripted(streaming(chunk("1"), chunk("2"), 60.0))
    got, _, _ = await read(A, stop_after=1, a=a)
    assert len(got) == 1
    assert a.closed == 1


async def test_a_target_that_failed_often_is_left_for_last() -> None:
    a, b = Scripted(completion()), Scripted(completion())
    health = Health()
    trail = Trail("req_1", CALLER)
    cooling_down = {A.key: time.time() + 30}
    async with dispatched(
        ChatRequest(BODY),
        Route("m", (A, B), timeouts=FAST),
        {"a": a, "b": b},
        trail,
        cooling_down=cooling_down,
        health=health,
    ):
        pass
    assert [t.provider for t in trail.attempts] == ["b"]
    assert health.noted == []


async def test_a_cooling_target_is_better_than_none() -> None:
    a, b = Scripted(completion()), Scripted(status(500))
    trail = Trail("req_1", CALLER)
    async with dispatched(
        ChatRequest(BODY),
        Route("m", (A, B), timeouts=FAST),
        {"a": a, "b": b},
        trail,
        cooling_down={A.key: time.time() + 30},
    ):
        pass
    assert [t.provider for t in trail.attempts] == ["b", "a"]


@pytest.mark.parametrize(("probes", "first"), [(True, "a"), (False, "b")])
async def test_one_caller_probes_after_the_cool_down(probes: bool, first: str) -> None:
    health = Health(probes=probes)
    trail = Trail("req_1", CALLER)
    async with dispatched(
        ChatRequest(BODY),
        Route("m", (A, B), timeouts=FAST),
        {"a": Scripted(completion()), "b": Scripted(completion())},
        trail,
        cooling_down={A.key: time.time() - 1},
        health=health,
    ):
        pass
    assert trail.attempts[0].provider == first
    recovered = [("recovered", A.key)] if probes else []
    assert health.noted == [("probe", A.key), *recovered]


async def test_failures_are_noted_and_refusals_are_not() -> None:
    health = Health()
    trail = Trail("req_1", CALLER)
    with pytest.raises(ProviderRefused):
        async with dispatched(
            ChatRequest(BODY),
            Route("m", (A, B), timeouts=FAST),
            {"a": Scripted(status(503)), "b": Scripted(status(400))},
            trail,
            health=health,
        ):
            pass
    assert health.noted == [("failed", A.key)]


def refusal(code: str) -> ProviderError:
    return ProviderError("status", "no", status=400, code=code)


@pytest.mark.parametrize("code", ["context_length_exceeded", "content_filter"])
async def test_a_refusal_goes_on_where_the_route_says_so(code: str) -> None:
    for conditions, answered in ((frozenset(Condition), True), (frozenset[Condition](), False)):
        a, b = Scripted(refusal(code)), Scripted(completion())
        trail = Trail("req_1", CALLER)
        route = Route("m", (A, B), timeouts=FAST, fail_over_on=conditions)
        expected = nullcontext() if answered else pytest.raises(ProviderRefused, match="no")
        with expected:
            async with dispatched(ChatRequest(BODY), route, {"a": a, "b": b}, trail):
                pass
        assert bool(b.requests) == answered


async def test_when_every_target_refuses_the_refusal_is_the_answer() -> None:
    both = Scripted(refusal("context_length_exceeded"))
    route = Route("m", (A, B), timeouts=FAST, fail_over_on=frozenset(Condition))
    with pytest.raises(ProviderRefused) as caught:
        async with dispatched(
            ChatRequest(BODY), route, {"a": both, "b": both}, Trail("req_1", CALLER)
        ):
            pass
    assert caught.value.status == 400
    assert len(both.requests) == 2


class Picky(Scripted):
    """Cannot honour `n`, leaves out `store`."""

    def prepare(self, request: InferenceRequest, model: str) -> ScriptedCall:
        if "n" in request.body:
            raise UnsupportedParameter("n", "picky")
        left_out = ("store",) if "store" in request.body else ()
        return ScriptedCall(self, request, model, left_out)


async def test_a_target_that_cannot_honour_a_parameter_is_passed_over() -> None:
    a, b = Picky(completion()), Scripted(completion())
    trail = Trail("req_1", CALLER)
    route = Route("m", (A, B), timeouts=FAST)
    async with dispatched(ChatRequest(BODY | {"n": 2}), route, {"a": a, "b": b}, trail):
        pass
    assert [t.provider for t in trail.attempts] == ["b"]
    assert trail.passed_over == ("a/model-a (n)",)
    with pytest.raises(InvalidRequest) as caught:
        async with dispatched(
            ChatRequest(BODY | {"n": 2}), Route("m", (A,)), {"a": a}, Trail("req_2", CALLER)
        ):
            pass
    assert caught.value.param == "n"
    assert not a.requests


async def test_what_is_left_out_is_named() -> None:
    trail = Trail("req_1", CALLER)
    async with dispatched(
        ChatRequest(BODY | {"store": True}), Route("m", (A,)), {"a": Picky(completion())}, trail
    ):
        pass
    assert trail.ignored_params == ("store",)
    assert [attempt.ignored_params for attempt in trail.attempts] == [("store",)]


@pytest.mark.parametrize("unsupported", Unsupported)
async def test_a_route_says_whether_its_targets_are_lenient(unsupported: Unsupported) -> None:
    a, route = Scripted(completion()), Route("m", (A,), unsupported=unsupported)
    async with dispatched(ChatRequest(BODY), route, {"a": a}, Trail("req_1", CALLER)):
        pass
    (asked,) = a.requests
    assert asked.lenient == (unsupported is Unsupported.IGNORE)
    assert asked.body == BODY


async def test_a_cut_stream_is_charged_for_what_came() -> None:
    a = Scripted(streaming(chunk("12345678"), chunk("1234"), ProviderError("protocol", "cut")))
    _, trail, failure = await read(A, a=a)
    assert failure is not None
    assert trail.usage == Usage(input=1, output=3, estimated=frozenset({"input", "output"}))


async def test_a_caller_who_leaves_while_waiting_is_charged_for_the_question() -> None:
    a = Scripted(hang)
    trail = Trail("req_1", CALLER)

    async def wait() -> None:
        async with dispatched(ChatRequest(BODY), Route("m", (A,)), {"a": a}, trail):
            pass

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert trail.usage == Usage(input=1, estimated=frozenset({"input", "output"}))
    assert (trail.provider, trail.model_served) == ("a", "model-a")


async def test_nothing_is_estimated_where_nobody_answered() -> None:
    trail = Trail("req_1", CALLER)
    with pytest.raises(ProviderUnavailable):
        async with dispatched(
            ChatRequest(BODY),
            Route("m", (A,), timeouts=FAST),
            {"a": Scripted(status(401))},
            trail,
        ):
            pass
    assert trail.usage is None


async def test_a_refused_key_that_has_a_successor_is_no_failure_of_the_target() -> None:
    old, new, health = Scripted(status(401)), Scripted(completion()), Health()
    providers = FixedProviders({"a": old, "b": Scripted(completion())}, {"a": new})
    trail = Trail("req_1", CALLER)
    route = Route("m", (A, B), timeouts=FAST)
    async with dispatched(ChatRequest(BODY), route, providers, trail, health=health):
        pass
    assert [(attempt.provider, attempt.status) for attempt in trail.attempts] == [
        ("a", 401),
        ("a", 200),
    ]
    assert (len(old.requests), len(new.requests)) == (1, 1)
    assert not health.noted


async def test_other_refusals_ask_for_no_successor() -> None:
    old, new = Scripted(status(403)), Scripted(completion())
    providers = FixedProviders({"a": old}, {"a": new})
    with pytest.raises(ProviderUnavailable):
        async with dispatched(
            ChatRequest(BODY), Route("m", (A,), timeouts=FAST), providers, Trail("req_1", CALLER)
        ):
            pass
    assert not new.requests
