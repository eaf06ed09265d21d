"""Attempts, fail-over, deadlines and streams, over providers that do as the script says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from tests.unit.gateway.parts import CALLER, Scripted, completion

from controlplane.domain.chat import ChatRequest, Chunk
from controlplane.domain.routing import Route, Target, Timeouts
from controlplane.errors import ProviderError, ProviderRefused, ProviderUnavailable
from controlplane.gateway.dispatch import dispatch
from controlplane.gateway.record import Trail

A, B = Target("a", "model-a"), Target("b", "model-b")
FAST = Timeouts(connect_s=0.2, first_byte_s=0.2, idle_s=0.2, total_s=0.5)
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
    async with dispatch(ChatRequest(BODY), route, providers, seconds_left, trail) as (whole, _):
        return whole, trail


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
    with pytest.raises(ProviderUnavailable) as caught:
        await ask(A, B, a=Scripted(hang), b=Scripted(hang))
    assert caught.value.status == 504
    assert 0.4 < time.monotonic() - started < 2


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
    async def generate() -> AsyncGenerator[Chunk, None]:
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
) -> tuple[list[Chunk], Trail, BaseException | None]:
    trail = Trail("req_1", CALLER)
    options = {"stream_options": {"include_usage": True}} if usage else {}
    request = ChatRequest(BODY | {"stream": True} | options)
    got: list[Chunk] = []
    failure: BaseException | None = None
    try:
        async with dispatch(
            request, Route("m", targets, timeouts=FAST), providers, None, trail
        ) as (_, chunks):
            assert chunks is not None
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
