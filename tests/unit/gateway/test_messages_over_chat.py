"""A client that speaks Messages, through the whole request path, served by chat completions."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from tests.unit.gateway.parts import KEY, Sink, body_of, chunks_of, gateway, policy
from tests.unit.providers.cases import Upstream
from tests.unit.translators.messages_to_chat_completions.cases import (
    FOLDER,
    chunk,
    completion,
    message_of,
    read,
)
from tests.wire_types.anthropic_types import EVENT, MESSAGE

from controlplane.domain.routing import Target
from controlplane.errors import SensitiveData
from controlplane.gateway.call import Call
from controlplane.gateway.pipeline import answered
from controlplane.protocols.messages.protocol import PROTOCOL as MESSAGES

CLAUDE_CODE = FOLDER / "claude_code"
MODEL = "gpt-6.1-sol"
KEY_OF_A_CLOUD = "AKIA" + "Z7QX4N2M8K5T3WPR"
ADDRESS = "anna.schmidt@contoso-research.de"
MASK = {"screening": {"pii": "redact", "responses": "redact"}}


def asked(body: Any) -> Call:
    return Call("req_1", f"Bearer {KEY}", orjson.dumps({**body, "model": "m"}))


def served(answer: bytes, **document: Any) -> tuple[Any, Sink, Upstream]:
    upstream = Upstream("openai", answer, protocols=("chat_completions",))
    documents = policy(**document) if document else []
    made, sink = gateway(
        {"openai": upstream.provider}, targets=(Target("openai", MODEL),), documents=documents
    )
    return made, sink, upstream


def wire(chunks: Any) -> bytes:
    events = b"".join(b"data: %b\n\n" % orjson.dumps(each) for each in chunks)
    return events + b"data: [DONE]\n\n"


async def test_claude_code_is_served_and_what_is_lost_is_recorded() -> None:
    chunks = read(CLAUDE_CODE / "chat.chunks.jsonl")
    made, sink, _ = served(wire(chunks))
    events = []
    async with answered(asked(read(CLAUDE_CODE / "request.json")), made, MESSAGES) as answer:
        events = [event async for event in chunks_of(answer.content) if event]
    said = [json.loads(orjson.dumps(event)) for event in events]
    assert [EVENT.faults(event) for event in said] == [[]] * len(said)
    expected = message_of(read(CLAUDE_CODE / "events.jsonl"))
    assert message_of(said)["content"] == expected["content"]
    (event,) = sink.events
    assert (event.tokens_input, event.tokens_cached, event.tokens_output) == (14200, 13056, 61)
    (attempt,) = event.attempts
    assert set(attempt.ignored_params) == set(read(CLAUDE_CODE / "left_out.json")) | {
        "messages.0.content.0.cache_control"
    }


async def test_a_whole_answer_keeps_its_digits() -> None:
    arguments = '{"n":12345678901234567890123}'
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    made, _, _ = served(orjson.dumps(completion({"tool_calls": calls}, usage=usage)), **MASK)
    body = {"max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}
    async with answered(asked(body), made, MESSAGES) as answer:
        written = orjson.dumps(body_of(answer.content))
    assert arguments.encode() in written
    assert MESSAGE.faults(json.loads(written)) == []


async def test_usage_that_is_not_reported_is_estimated() -> None:
    made, sink, _ = served(orjson.dumps(completion({"content": "a" * 400})))
    body = {"max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}
    async with answered(asked(body), made, MESSAGES):
        pass
    (event,) = sink.events
    assert event.tokens_output == 100


async def test_an_answer_is_screened_as_a_message_as_it_streams() -> None:
    call = {"index": 0, "id": "call_with_an_id_0", "type": "function"}
    pieces: list[dict[str, Any]] = [
        {"content": f"Write to {ADDRESS[:9]}"},
        {"content": ADDRESS[9:]},
        {"tool_calls": [{**call, "function": {"name": "f", "arguments": '{"to":"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": f'{ADDRESS}"}}'}}]},
    ]
    made, _, _ = served(wire([*map(chunk, pieces), chunk({}, "tool_calls")]), **MASK)
    body = {"max_tokens": 50, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    async with answered(asked(body), made, MESSAGES) as answer:
        events = [event async for event in chunks_of(answer.content) if event]
    said = [json.loads(orjson.dumps(event)) for event in events]
    assert [EVENT.faults(event) for event in said] == [[]] * len(said)
    text, tool = message_of(said)["content"]
    assert ADDRESS not in json.dumps((text, tool))
    assert text["text"].startswith("Write to ")
    assert tool["input"].keys() == {"to"}


async def test_a_key_in_a_result_is_found_at_its_place_in_the_message() -> None:
    body = read(FOLDER / "tool_results" / "request.json")
    body["messages"][2]["content"][1]["content"] = f"export KEY={KEY_OF_A_CLOUD}"
    made, _, upstream = served(b"", screening={"secrets": "block"})
    with pytest.raises(SensitiveData) as raised:
        async with answered(asked(body), made, MESSAGES):
            pass
    assert raised.value.param == "messages.2.content.1.content"
    assert upstream.calls == []
