"""`cache_control` where clients put it, honoured by Claude and left out for all others."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.unit.providers.cases import Upstream
from tests.unit.translators.chat_completions_to_messages.asked import SONNET, TOOL, USER, body
from tests.wire_types import anthropic_types

from controlplane.domain.routing import Timeouts
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.translators.chat_completions_to_messages.request import translate

SHORT: Any = {"type": "ephemeral"}
LONG: Any = {"type": "ephemeral", "ttl": "1h"}
MARKED = {"cache_control": LONG}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def of(request: Any) -> Any:
    out = translate(request, SONNET)
    assert anthropic_types.MESSAGE_REQUEST.faults(out) == []
    return out


@pytest.mark.parametrize("mark", [SHORT, LONG, {"type": "ephemeral", "ttl": "5m"}])
def test_on_a_message_it_is_one_of_its_last_block(mark: Any) -> None:
    marked = {"cache_control": mark}
    system = {"role": "system", "content": [text("a"), text("b")], **marked}
    said = {"role": "assistant", "content": "Hi.", "tool_calls": [CALL], **marked}
    result = {"role": "tool", "tool_call_id": "c", "content": "1", **marked}
    out = of(body(system, {**USER, **marked}, said, result))
    assert out["system"] == [text("a"), text("b", **marked)]
    user, assistant, results = [turn["content"] for turn in out["messages"]]
    assert user == [text("Hello", **marked)]
    assert assistant[0] == text("Hi.")
    assert assistant[1]["cache_control"] == results[0]["cache_control"] == mark
    assert results[0]["content"] == [text("1")]


def test_on_a_part_it_is_one_of_its_block() -> None:
    parts = [text("a", **MARKED), text("b", prompt_cache_breakpoint={"mode": "explicit"})]
    out = of(body({"role": "user", "content": parts, "cache_control": SHORT}))
    assert out["messages"][0]["content"] == [text("a", **MARKED), text("b", cache_control=SHORT)]


def test_on_a_part_of_a_result_it_is_one_of_the_result() -> None:
    result = {"role": "tool", "tool_call_id": "c", "content": [text("a", **MARKED), text("b")]}
    out = of(body(USER, {"role": "assistant", "tool_calls": [CALL]}, result))
    (block,) = out["messages"][2]["content"]
    assert block["cache_control"] == LONG
    assert block["content"] == [text("a"), text("b")]


def test_on_tools_and_calls() -> None:
    inside = {"type": "function", "function": {"name": "g", **MARKED}}
    called = {"role": "assistant", "tool_calls": [{**CALL, **MARKED}, {**CALL, "id": "d"}]}
    results = [{"role": "tool", "tool_call_id": id_, "content": "1"} for id_ in "cd"]
    out = of(body(USER, called, *results, tools=[{**TOOL, **MARKED}, inside]))
    assert [tool["cache_control"] for tool in out["tools"]] == [LONG, LONG]
    assert [call.get("cache_control") for call in out["messages"][1]["content"]] == [LONG, None]


def test_of_the_whole_request_it_stands_at_the_top() -> None:
    upstream = Upstream("anthropic", b"{}")
    request = body(cache_control=LONG)
    assert upstream.provider.prepare(ChatRequest(request), SONNET).left_out == ()
    assert of(request)["cache_control"] == LONG
    assert "cache_control" not in of(body(cache_control=None))


def test_thoughts_take_none() -> None:
    thought = {"type": "thinking", "thinking": "x", "signature": "s"}
    said = {"role": "assistant", "content": [text("a"), thought], **MARKED}
    assert of(body(USER, said, USER))["messages"][1]["content"] == [text("a"), thought]


@pytest.mark.parametrize(
    ("mark", "place"),
    [
        ("yes", "messages.0.cache_control"),
        ({"type": "persistent"}, "messages.0.cache_control.type"),
        ({"type": "ephemeral", "ttl": "1d"}, "messages.0.cache_control.ttl"),
    ],
)
def test_an_unknown_one_is_refused(mark: Any, place: str) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        translate(body({**USER, "cache_control": mark}), SONNET)
    assert raised.value.param == place


ANSWER = b'{"choices": [{"message": {}}]}'
CHUNKS = (
    b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)


@pytest.mark.parametrize("kind", ["openai", "azure"])
@pytest.mark.parametrize(
    ("marked", "place"),
    [
        (body({**USER, **MARKED}), "messages.0.cache_control"),
        (
            body({"role": "user", "content": [text("a"), text("b", **MARKED)]}),
            "messages.0.content.1.cache_control",
        ),
        (
            body(USER, {"role": "assistant", "content": None, "tool_calls": [{**CALL, **MARKED}]}),
            "messages.1.tool_calls.0.cache_control",
        ),
        (body(tools=[TOOL, {**TOOL, **MARKED}]), "tools.1.cache_control"),
        (
            body(tools=[{"type": "function", "function": {"name": "f", **MARKED}}]),
            "tools.0.function.cache_control",
        ),
        (body(**MARKED), "cache_control"),
        (body({**USER, **MARKED}, {**USER, **MARKED}, **MARKED), "messages.0.cache_control"),
        (body({**USER, "cache_control": None}), None),
        (body(USER, {"role": "assistant", "content": "a", "thinking_blocks": []}), None),
    ],
)
async def test_other_servers_get_none_and_it_is_named(kind: str, marked: Any, place: Any) -> None:
    kept = copy.deepcopy(marked)
    upstream = Upstream(kind, ANSWER)
    request = ChatRequest(marked)
    assert upstream.provider.prepare(request, "m").left_out == (() if place is None else (place,))
    await upstream.provider.prepare(request, "m").complete(Timeouts())
    assert upstream.sent == without(marked)
    stream = Upstream(kind, CHUNKS)
    streamed = ChatRequest({**marked, "stream": True})
    assert [c async for c in stream.provider.prepare(streamed, "m").stream(Timeouts())]
    assert stream.sent == {**without(streamed.body), "stream_options": {"include_usage": True}}
    assert marked == kept


def without(value: Any) -> Any:
    if isinstance(value, list):
        return [without(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = ("cache_control", "thinking_blocks")
    return {name: without(member) for name, member in value.items() if name not in names}
