"""A client that speaks Messages, served by a server that speaks chat completions only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
from tests.unit.providers.cases import Upstream
from tests.unit.translators.messages_to_chat_completions.cases import (
    FOLDER,
    chunk,
    message_of,
    plain,
    read,
)
from tests.wire_types.openai_types import CHAT_REQUEST

from controlplane.domain.inference import ProtocolName
from controlplane.domain.routing import Timeouts
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.translators.registry import parameters_of, steps

STEP = (ProtocolName.MESSAGES, ProtocolName.CHAT_COMPLETIONS)
HEADERS = {"anthropic-beta": "claude-code-20250219", "anthropic-version": "2023-06-01"}


def request(folder: Path) -> MessagesRequest:
    raw = (folder / "request.json").read_bytes()
    return MessagesRequest(orjson.loads(raw), len(raw), raw=raw, headers=HEADERS)


def wire(*chunks: Any) -> bytes:
    events = [b"data: %b\n\n" % orjson.dumps(each) for each in chunks]
    return b"".join([b": keep-alive\n\n", *events, b"data: [DONE]\n\n"])


def test_it_is_one_step() -> None:
    assert steps(ProtocolName.MESSAGES, (ProtocolName.CHAT_COMPLETIONS,)) == (STEP,)
    assert parameters_of(STEP).rows["max_tokens"].note


async def test_a_whole_answer() -> None:
    folder = FOLDER / "tool_results"
    answer = (folder / "chat.answer.json").read_bytes()
    upstream = Upstream("openai", answer, protocols=("chat_completions",))
    call = upstream.provider.prepare(request(folder), "gpt-6.1-sol")
    message = await call.complete(Timeouts())
    assert orjson.dumps(message, option=orjson.OPT_INDENT_2) == (
        (folder / "message.json").read_bytes().rstrip()
    )
    assert upstream.sent == plain(read(folder / "chat.request.json"))
    # What it asked to be cached is named: the server does not read it.
    assert call.left_out == ("messages.5.cache_control",)


async def test_claude_code_streams() -> None:
    folder = FOLDER / "claude_code"
    chunks = read(folder / "chat.chunks.jsonl")
    upstream = Upstream("openai", wire(*chunks), protocols=("chat_completions",))
    call = upstream.provider.prepare(request(folder), "gpt-6.1-sol")
    events = [event async for event in call.stream(Timeouts())]
    said = [json.loads(orjson.dumps(event)) for event in events if event]
    assert said == read(folder / "events.jsonl")
    assert message_of(said)["stop_reason"] == "tool_use"
    assert {} in events
    assert CHAT_REQUEST.faults(upstream.sent) == []
    assert upstream.sent["stream_options"] == {"include_usage": True}
    (sent,) = upstream.calls
    assert not sent.headers.keys() & HEADERS.keys()


async def test_a_sign_of_life_stays_one() -> None:
    folder = FOLDER / "claude_code"
    upstream = Upstream(
        "openai",
        wire(chunk({"role": "assistant"}), chunk({}, "stop")),
        protocols=("chat_completions",),
    )
    call = upstream.provider.prepare(request(folder), "gpt-6.1-sol")
    events = [event async for event in call.stream(Timeouts())]
    assert events[0] == {}
    assert [event["type"] for event in events if event] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
