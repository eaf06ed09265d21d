"""Who is waited for, for how long, and that no target is sent the same request twice for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.gateway.parts import CALLER, Scripted, body_of, chunks_of, dispatched
from tests.unit.gateway.test_dispatch import BODY, A, B, chunk, hang, streaming

from controlplane.domain.routing import LONGEST_SECONDS, Route, Timeouts
from controlplane.errors import ProviderError, ProviderUnavailable
from controlplane.gateway.call import Call
from controlplane.gateway.dispatch import MAX_HELD_EVENTS, effective_timeouts
from controlplane.gateway.record import Trail
from controlplane.protocols.chat_completions.request import ChatRequest


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_silent_target_is_called_once(stream: bool) -> None:
    a, b = silent(stream), silent(stream)
    got, trail = await outcome(stream, Timeouts(first_byte_s=0.1, total_s=5), a=a, b=b)
    assert isinstance(got, ProviderUnavailable)
    assert (got.status, got.code) == (504, "provider_timeout")
    assert [(t.provider, t.failure) for t in trail.attempts] == [("a", "timeout"), ("b", "timeout")]
    assert (len(a.requests), len(b.requests)) == (1, 1)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_no_other_target_is_called_where_the_route_does_not_hurry(stream: bool) -> None:
    a, b = silent(stream), silent(stream)
    got, trail = await outcome(stream, Timeouts(total_s=0.3), a=a, b=b)
    assert isinstance(got, ProviderUnavailable)
    assert [(t.provider, t.failure) for t in trail.attempts] == [("a", "timeout")]
    assert not b.requests


async def test_a_silent_stream_is_left_after_its_idle_time() -> None:
    a, b = silent(True), Scripted(streaming(chunk("b", "stop")))
    got, _ = await outcome(True, Timeouts(idle_s=0.1, total_s=5), a=a, b=b)
    assert got == [chunk("b", "stop")]
    assert (len(a.requests), len(b.requests)) == (1, 1)


async def test_signs_of_life_keep_a_stream_before_its_first_chunk_and_after() -> None:
    alive: list[Any] = [0.05, {}] * 6
    a = Scripted(streaming(*alive, chunk("one"), *alive, chunk("two", "stop")))
    got, trail = await outcome(True, Timeouts(idle_s=0.2, total_s=5), a=a)
    assert got == [chunk("one"), chunk("two", "stop")]
    assert len(trail.attempts) == 1


async def test_signs_of_life_are_no_beginning() -> None:
    alive: list[Any] = [0.02, {}, chunk("")] * 60
    a, b = Scripted(streaming(*alive)), Scripted(streaming(chunk("b", "stop")))
    got, _ = await outcome(True, Timeouts(idle_s=0.5, first_byte_s=0.2, total_s=5), a=a, b=b)
    assert got == [chunk("b", "stop")]


async def test_what_came_before_the_first_visible_chunk_is_not_lost() -> None:
    role = {"model": "s", "choices": [{"index": 0, "delta": {"role": "assistant"}}]}
    steps = (role, chunk(""), chunk("one", "stop"))
    got, _ = await outcome(True, Timeouts(), a=Scripted(streaming(*steps)))
    assert got == list(steps)


async def test_a_stream_that_says_nothing_for_long_has_begun() -> None:
    steps = [chunk("")] * (MAX_HELD_EVENTS + 1)
    a = Scripted(streaming(*steps, ProviderError("protocol", "cut")))
    got, trail = await outcome(True, Timeouts(), a=a, b=Scripted(streaming(chunk("b", "stop"))))
    assert isinstance(got, ProviderUnavailable)
    assert got.code == "stream_interrupted"
    assert len(trail.attempts) == 1


def silent(stream: bool) -> Scripted:
    return Scripted(streaming(60.0, chunk("late", "stop")) if stream else hang)


async def outcome(stream: bool, timeouts: Timeouts, **providers: Scripted) -> tuple[Any, Trail]:
    trail = Trail("req_1", CALLER)
    targets = tuple(target for target in (A, B) if target.provider in providers)
    route = Route("m", targets, timeouts=timeouts)
    request = ChatRequest(BODY | ({"stream": True} if stream else {}))
    try:
        async with dispatched(request, route, providers, trail) as content:
            if stream:
                return [item async for item in chunks_of(content)], trail
            return body_of(content), trail
    except ProviderUnavailable as error:
        return error, trail


@pytest.mark.parametrize(
    ("stream", "live", "total"),
    [(True, True, 298.5), (True, False, 25.5), (False, True, 25.5), (False, False, 25.5)],
)
def test_what_leaves_in_one_piece_has_less_time(stream: bool, live: bool, total: float) -> None:
    request = ChatRequest(BODY | {"stream": stream})
    call = Call("req_1", None, b"", seconds_left=300, seconds_whole=27, live=live)
    assert effective_timeouts(request, Route("m", (A,)), call).total_s == total


def test_where_nothing_ends_the_process_a_request_ends_all_the_same() -> None:
    call = Call("req_1", None, b"")
    assert effective_timeouts(ChatRequest(BODY), Route("m", (A,)), call).total_s == LONGEST_SECONDS
