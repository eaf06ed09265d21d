"""What is kept of an answer is bounded, and says so."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from tests.unit.gateway.parts import CALLER, Book

from controlplane.domain.inference import Event
from controlplane.domain.memory import MEGABYTE, Memory
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.capture import MAX_ANSWER_BYTES, capture
from controlplane.gateway.record import Trail
from controlplane.protocols.chat_completions.request import ChatRequest

REQUEST = ChatRequest({"model": "m", "messages": []})
KEEPING = Book([PolicyDocument(Level.ORGANIZATION, "org-1", 1, {"store_payloads": True})])


async def kept(content: Whole | Streamed) -> dict[str, object]:
    trail = Trail("req_1", CALLER)
    policy = (await KEEPING.of(CALLER)).policy
    async with capture(REQUEST, content, policy, trail) as passed:
        if isinstance(passed, Streamed):
            async for _ in passed.events:
                pass
    assert trail.captured is not None
    captured = trail.captured()
    assert len(captured) <= MAX_ANSWER_BYTES + 1_000
    document: dict[str, object] = orjson.loads(captured)
    return document


async def stream(*events: Event) -> AsyncIterator[Event]:
    for event in events:
        yield event


async def test_a_short_answer_is_kept_whole() -> None:
    request = dict(REQUEST.body)
    assert await kept(Whole({"a": 1})) == {"request": request, "answer": {"a": 1}}
    streamed = await kept(Streamed(stream({"a": 1}, {"b": 2})))
    assert streamed == {"request": request, "answer": [{"a": 1}, {"b": 2}]}
    assert await kept(Streamed(stream())) == {"request": request, "answer": None}


async def test_of_a_long_stream_the_first_events_are_kept() -> None:
    memory = Memory(100 * MEGABYTE)
    event = {"text": "x" * MEGABYTE}
    with memory.share():
        document = await kept(Streamed(stream(*[event] * 20)))
        assert memory.held_bytes < MAX_ANSWER_BYTES
    assert document["cut"] is True
    assert document["answer"] == [event] * 7


async def test_of_a_long_answer_nothing_is_kept() -> None:
    document = await kept(Whole({"text": "x" * MAX_ANSWER_BYTES}))
    assert (document["answer"], document["cut"]) == (None, True)


async def test_what_just_fits_is_kept() -> None:
    assert "cut" not in await kept(Whole({"text": "x" * (MAX_ANSWER_BYTES - 20)}))
