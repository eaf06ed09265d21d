"""Anthropic's events as OpenAI's chunks, whole, broken and cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Timeouts
from controlplane.domain.usage import Usage
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.chat_completions.usage import read_usage
from controlplane.providers.anthropic import provider as anthropic
from controlplane.providers.provider import HttpProvider
from controlplane.providers.registry import KINDS

KEY = "sk-ant-fixture-key"
REQUEST = ChatRequest(
    {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
)
START: Any = {
    "type": "message_start",
    "message": {"id": "msg_1", "type": "message", "model": "claude", "content": [], "usage": {}},
}
OPEN: Any = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "text", "text": ""},
}
TEXT: Any = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "Hi"},
}
CLOSE: Any = {"type": "content_block_stop", "index": 0}
DELTA: Any = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
STOP: Any = {"type": "message_stop"}
PING: Any = {"type": "ping"}
WHOLE = (START, PING, OPEN, TEXT, PING, CLOSE, DELTA, STOP)


class Bytes(httpx.AsyncByteStream):
    """A body in pieces of one size."""

    def __init__(self, content: bytes, size: int) -> None:
        self._pieces = (content[at : at + size] for at in range(0, len(content), size))

    def __aiter__(self) -> Any:
        return self._each(self._pieces)

    async def _each(self, pieces: Iterator[bytes]) -> Any:
        for piece in pieces:
            yield piece


def provider(answer: httpx.Response) -> HttpProvider:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: answer))
    settings = ProviderSettings("anthropic", "anthropic", "https://provider.test/", KEY)
    return anthropic(KINDS["anthropic"], settings, client)


def wire(*events: Any) -> bytes:
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (str(event.get("type")).encode(), orjson.dumps(event))
        for event in events
    )


async def chunks_of(content: bytes, size: int = 65_536) -> tuple[list[Any], ProviderError | None]:
    """The chunks, and the failure that ended them if one did."""
    answer = httpx.Response(200, stream=Bytes(content, size))
    chunks: list[Any] = []
    try:
        prepared = provider(answer).prepare(REQUEST, "claude-sonnet-4-5")
        async for chunk in prepared.stream(Timeouts()):
            chunks += [chunk] if chunk else []
    except ProviderError as error:
        return chunks, error
    return chunks, None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
async def test_the_bytes_may_be_cut_anywhere(size: int) -> None:
    whole, error = await chunks_of(wire(*WHOLE))
    cut, error_of_cut = await chunks_of(wire(*WHOLE), size)
    assert error is None
    assert error_of_cut is None
    assert [{**chunk, "created": 0} for chunk in cut] == [{**c, "created": 0} for c in whole]


async def test_nothing_is_said_until_the_first_block_so_that_another_target_can_answer() -> None:
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    chunks, error = await chunks_of(wire(START, PING, overloaded))
    assert chunks == []
    assert error is not None
    assert (error.kind, error.status, error.code) == ("status", 529, "overloaded_error")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("overloaded_error", 529),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("timeout_error", 504),
        ("invalid_request_error", 400),
        ("authentication_error", 401),
        ("something_new", 500),
    ],
)
async def test_an_error_event_has_the_status_of_its_type(kind: str, status: int) -> None:
    event = {"type": "error", "error": {"type": kind, "message": f"no, {KEY}"}}
    chunks, error = await chunks_of(wire(START, OPEN, TEXT, event))
    assert [c["choices"][0]["finish_reason"] for c in chunks] == [None, None]
    assert error is not None
    assert (error.status, error.code, error.message) == (status, kind, "no, [key]")


@pytest.mark.parametrize("last", [(), (STOP,), ({"type": "gibberish"}, {}), ({"type": 7},)])
async def test_a_reason_to_stop_ends_the_answer_whatever_follows(last: tuple[Any, ...]) -> None:
    whole, _ = await chunks_of(wire(*WHOLE))
    chunks, error = await chunks_of(wire(*WHOLE[:-1], *last))
    assert error is None
    assert [{**c, "created": 0} for c in chunks] == [{**c, "created": 0} for c in whole]


async def test_an_error_is_one_behind_the_reason_to_stop_too() -> None:
    event = {"type": "error", "error": {"type": "api_error", "message": "no"}}
    _, error = await chunks_of(wire(*WHOLE[:-1], event))
    assert error is not None
    assert error.status == 500


@pytest.mark.parametrize("count", range(len(WHOLE) - 1))
async def test_a_stream_that_ends_early_is_a_failure(count: int) -> None:
    chunks, error = await chunks_of(wire(*WHOLE[:count]))
    assert error is not None
    assert error.kind == "protocol"
    assert not any(c["choices"][0]["finish_reason"] for c in chunks if c["choices"])


@pytest.mark.parametrize(
    "events",
    [
        (TEXT, STOP),
        (START, {"type": "content_block_delta", "index": 0}),
        (START, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}),
        (START, {"type": "content_block_start", "content_block": {}}),
        ({"type": "message_start"},),
        ({"type": "message_start", "message": {"id": 5, "model": "m"}},),
        (START, OPEN, CLOSE, STOP),
        (START, {"type": "message_delta", "delta": {"stop_reason": None}}, STOP),
        ({"error": {"message": "from somewhere else"}},),
        (START, OPEN, {"type": "message_delta", "delta": [], "usage": 7}, STOP),
        ({},),
    ],
)
async def test_events_that_are_no_message_are_a_failure(events: tuple[Any, ...]) -> None:
    _, error = await chunks_of(wire(*events))
    assert error is not None


@pytest.mark.parametrize("content", [b"", b"<html>", b"data: garbage\n\n", b"data: [1]\n\n"])
async def test_bytes_that_are_no_events_are_a_failure(content: bytes) -> None:
    chunks, error = await chunks_of(content)
    assert chunks == []
    assert error is not None
    assert error.kind == "protocol"


async def test_events_that_nobody_knows_are_passed_over() -> None:
    new = {"type": "message_aside", "aside": {}}
    searched = {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    }
    argued = {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "input_json_delta", "partial_json": "{}"},
    }
    plain, _ = await chunks_of(wire(*WHOLE))
    more, error = await chunks_of(
        wire(START, new, OPEN, TEXT, CLOSE, searched, argued, DELTA, STOP)
    )
    assert error is None
    assert [c["choices"] for c in more] == [c["choices"] for c in plain]


async def test_counts_never_fall() -> None:
    kept = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 9}
    usage = {"input_tokens": 25, "cache_creation_input_tokens": 9, "cache_creation": kept}
    start = {**START, "message": {**START["message"], "usage": {**usage, "output_tokens": 1}}}
    zeros: dict[str, Any] = {
        "input_tokens": 0,
        "cache_creation_input_tokens": None,
        "output_tokens": 5,
    }
    zeros["cache_creation"] = dict.fromkeys(kept, 0)
    chunks, error = await chunks_of(wire(start, OPEN, TEXT, CLOSE, {**DELTA, "usage": zeros}, STOP))
    assert error is None
    assert read_usage(chunks[-1]["usage"]) == Usage(34, 5, cache_write=9, cache_write_hour=9)


async def test_a_stream_without_usage_has_no_usage_chunk() -> None:
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    chunks, error = await chunks_of(wire(START, OPEN, TEXT, CLOSE, delta, STOP))
    assert error is None
    assert all(chunk["choices"] for chunk in chunks)


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"{}",
        b"[]",
        b'{"type": "message"',
        b'{"type":"message","id":"msg_1","model":"m","stop_reason":"end_turn"}',
        b'{"type":"message","id":"msg_1","model":"m","content":[],"stop_reason":null}',
        b'{"type":"message","id":"msg_1","content":[],"stop_reason":"end_turn"}',
        b'{"type":"message","id":"msg_1","model":"m","content":[7],"stop_reason":"end_turn"}',
        b'{"type":"message","id":1,"model":"m","content":[{"type":"text"}],"stop_reason":"end_turn"}',
    ],
)
async def test_a_success_that_is_no_message_is_a_failure(content: bytes) -> None:
    answer = httpx.Response(200, content=content)
    prepared = provider(answer).prepare(REQUEST, "claude-sonnet-4-5")
    with pytest.raises(ProviderError) as raised:
        await prepared.complete(Timeouts())
    assert raised.value.kind == "protocol"
