"""A client of Responses and a Claude model: two translators in a row, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from tests.unit.translators.pairs import FIXTURES, read
from tests.wire_types.anthropic_types import EVENT, MESSAGE, MESSAGE_REQUEST
from tests.wire_types.responses_types import RESPONSE, event_faults

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Timeouts
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.responses.request import ResponsesRequest
from controlplane.providers.anthropic import provider
from controlplane.providers.provider import HttpCall
from controlplane.providers.registry import KINDS

MODEL = "claude-opus-4-6"
# Without what Codex sends for models that have it.
CODEX: dict[str, Any] = {
    name: value
    for name, value in read(
        FIXTURES / "responses_to_chat_completions" / "codex" / "asked.json"
    ).items()
    if name != "text"
}
THINKING = {"type": "thinking", "thinking": "In a.py.", "signature": "EqQBCkgIBRAB"}
REDACTED = {"type": "redacted_thinking", "data": "EmwKAhgBEgy3"}
PATCH = "*** Begin Patch\n*** End Patch\n"
USES: list[Any] = [
    {"type": "tool_use", "id": "toolu_1", "name": "apply_patch", "input": {"input": PATCH}},
    {"type": "tool_use", "id": "toolu_2", "name": "mcp__docs__search", "input": {"query": "x"}},
]
USAGE = {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 7}
ANSWER: dict[str, Any] = {
    "id": "msg_01X",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [THINKING, REDACTED, {"type": "text", "text": "Patching."}, *USES],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": USAGE,
}


class Server:
    """Anthropic's, with one answer."""

    def __init__(self, content: bytes) -> None:
        self.sent: list[Any] = []
        self._content = content

    def call(self, body: dict[str, Any]) -> HttpCall:
        """The call of a request for a Response."""
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._reply))
        settings = ProviderSettings("claude", "anthropic", "https://provider.test", "key")
        made = provider(KINDS["anthropic"], settings, client)
        prepared = made.prepare(ResponsesRequest(body), MODEL)
        assert isinstance(prepared, HttpCall)
        return prepared

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(orjson.loads(request.content))
        return httpx.Response(200, content=self._content)


def wire() -> bytes:
    """The answer as a stream, each text in two pieces."""
    events: list[Any] = [
        {"type": "message_start", "message": {**ANSWER, "content": [], "stop_reason": None}}
    ]
    for index, block in enumerate(ANSWER["content"]):
        begun, deltas = streamed_block(block)
        events.append({"type": "content_block_start", "index": index, "content_block": begun})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": "tool_use", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": stop, "usage": USAGE})
    events.append({"type": "message_stop"})
    return b"".join(b"data: %b\n\n" % orjson.dumps(event) for event in events)


def streamed_block(block: Any) -> tuple[Any, list[Any]]:
    kind = block["type"]
    if kind == "text":
        return {**block, "text": ""}, [
            {"type": "text_delta", "text": piece} for piece in halves(block["text"])
        ]
    if kind == "thinking":
        deltas: list[Any] = [
            {"type": "thinking_delta", "thinking": piece} for piece in halves(block["thinking"])
        ]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {**block, "thinking": "", "signature": ""}, deltas
    if kind == "tool_use":
        arguments = orjson.dumps(block["input"]).decode()
        return {**block, "input": {}}, [
            {"type": "input_json_delta", "partial_json": piece} for piece in halves(arguments)
        ]
    return block, []


def halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


async def whole() -> tuple[Server, Any]:
    server = Server(orjson.dumps(ANSWER))
    return server, await server.call({**CODEX, "stream": False}).complete(Timeouts())


async def streamed() -> tuple[Server, list[Any]]:
    server = Server(wire())
    events = [event async for event in server.call(CODEX).stream(Timeouts())]
    return server, [event for event in events if event]


async def test_what_is_sent_is_what_claude_takes() -> None:
    server, _ = await streamed()
    (sent,) = server.sent
    assert MESSAGE_REQUEST.faults(sent) == []
    assert sent["thinking"]["type"] == "adaptive"
    names = [tool["name"] for tool in sent["tools"]]
    assert names == [
        "exec_command",
        "apply_patch",
        "mcp__docs__search",
        "mcp__docs__read",
        "tool_search",
    ]
    assert MESSAGE.faults(ANSWER) == []


async def test_what_is_left_out_is_named() -> None:
    left_out = Server(b"").call(CODEX).left_out
    assert left_out == (
        "tools.1.format",
        "tools.4.web_search",
        "client_metadata",
        "prompt_cache_key",
    )


async def test_what_claude_does_not_have_is_refused_by_its_name_there() -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        Server(b"").call({**CODEX, "text": {"verbosity": "low"}})
    assert raised.value.param == "verbosity"


async def test_an_answer_is_a_response() -> None:
    _, answer = await whole()
    assert RESPONSE.faults(answer) == []
    thought, message, patch, search = answer["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "In a.py."}]
    assert message["content"][0]["text"] == "Patching."
    assert (patch["type"], patch["name"], patch["input"]) == (
        "custom_tool_call",
        "apply_patch",
        PATCH,
    )
    assert (search["name"], search["namespace"]) == ("search", "mcp__docs")
    assert answer["usage"]["input_tokens"] == 14


async def test_a_stream_is_the_same_response() -> None:
    _, answer = await whole()
    _, events = await streamed()
    assert [fault for event in events for fault in event_faults(event)] == []
    assert [fault for event in wire_events() for fault in EVENT.faults(event)] == []
    last = events[-1]["response"]
    assert events[-1]["type"] == "response.completed"
    assert {**last, "created_at": 0} == {**answer, "created_at": 0}


def wire_events() -> list[Any]:
    return [orjson.loads(line[6:]) for line in wire().splitlines() if line]


@pytest.mark.parametrize("stream", [False, True])
async def test_claude_gets_its_thinking_back(stream: bool) -> None:
    output = (
        (await streamed())[1][-1]["response"]["output"] if stream else (await whole())[1]["output"]
    )
    results = [
        {"type": "custom_tool_call_output", "call_id": "toolu_1", "output": "Done."},
        {"type": "function_call_output", "call_id": "toolu_2", "output": "Nothing."},
    ]
    server = Server(orjson.dumps({**ANSWER, "content": [{"type": "text", "text": "ok"}]}))
    body = {**CODEX, "stream": False, "input": [*CODEX["input"], *output, *results]}
    call = server.call(body)
    await call.complete(Timeouts())
    (sent,) = server.sent
    assert MESSAGE_REQUEST.faults(sent) == []
    assert not any("input" in place for place in call.left_out)
    turn, told = sent["messages"][-2:]
    assert turn == {"role": "assistant", "content": ANSWER["content"]}
    assert [(block["tool_use_id"], block["content"][0]["text"]) for block in told["content"]] == [
        ("toolu_1", "Done."),
        ("toolu_2", "Nothing."),
    ]
