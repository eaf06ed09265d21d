"""There and back through the other translator; and nothing is changed in place."""

from __future__ import annotations

import copy
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.messages_to_chat_completions.cases import completion, text

from controlplane.errors import UnsupportedParameter
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.translators.chat_completions_to_messages.translate import translate as to_messages
from controlplane.translators.messages_to_chat_completions.translate import translate

WORDS = st.text("abc \n", min_size=1, max_size=8).filter(str.strip)
IDS = st.text("abcdefghij0123456789_-", min_size=16, max_size=40)
CALLS = st.builds(
    lambda id_, argument: {
        "id": id_,
        "type": "function",
        "function": {"name": "f", "arguments": orjson.dumps({"a": argument}).decode()},
    },
    IDS,
    WORDS,
)


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A chat with a system prompt, in which every call has its result."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": draw(WORDS)}]
    ids: set[str] = set()
    for _ in range(draw(st.integers(1, 3))):
        messages.append({"role": "user", "content": draw(WORDS)})
        calls = [call for call in draw(st.lists(CALLS, max_size=2)) if call["id"] not in ids]
        ids |= {call["id"] for call in calls}
        calls = list({call["id"]: call for call in calls}.values())
        said = {"role": "assistant", "content": draw(WORDS)}
        messages.append({**said, "tool_calls": calls} if calls else said)
        results = [(call["id"], draw(WORDS)) for call in calls]
        messages += [{"role": "tool", "tool_call_id": i, "content": said} for i, said in results]
    return [*messages, {"role": "user", "content": draw(WORDS)}]


@given(conversations())
def test_a_conversation_comes_back(messages: list[dict[str, Any]]) -> None:
    chat = {"model": "m", "max_completion_tokens": 99, "messages": messages}
    there = to_messages(ChatRequest(chat), "anthropic", "claude-sonnet-5-5").request
    back = translate(there, "openai", "m").request.body
    assert back == {**chat, "messages": messages}


@given(WORDS, st.lists(CALLS, max_size=3))
def test_an_answer_comes_back(said: str, calls: list[dict[str, Any]]) -> None:
    chat = ChatRequest({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    there = to_messages(chat, "anthropic", "claude-sonnet-5-5")
    message = {"content": said, **({"tool_calls": calls} if calls else {})}
    answer = completion(message, "tool_calls" if calls else "stop")
    back = there.whole(translate(there.request, "openai", "m").whole(answer))
    choice = back["choices"][0]
    assert choice["message"] == {"role": "assistant", "refusal": None, **message}
    assert choice["finish_reason"] == answer["choices"][0]["finish_reason"]
    assert back["id"] == answer["id"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KINDS = st.sampled_from(
    [
        *("text", "image", "document", "search_result", "tool_use", "tool_result", "thinking"),
        *("redacted_thinking", "compaction", "server_tool_use", "novelty"),
    ]
)
MEMBERS = st.sampled_from(
    ["text", "source", "content", "id", "input", "name", "tool_use_id", "signature", "data"]
)
BLOCKS = st.builds(
    lambda kind, members: {**members, "type": kind}, KINDS, st.dictionaries(MEMBERS, JSON)
)
MESSAGES = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant", "system"]),
    st.text(max_size=9) | st.lists(BLOCKS | st.just(text("a")), max_size=3) | JSON,
)
TOOLS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["f", "g"]) | JSON},
        optional={
            "type": st.sampled_from(["custom", "tool_search_tool_regex"]),
            "strict": st.just(True),
            "input_schema": st.dictionaries(
                st.sampled_from(["type", "properties", "required", "anyOf", "items", "$defs"]),
                JSON | st.just("object"),
            ),
            "allowed_callers": st.lists(JSON | st.just("direct"), max_size=2),
            "input_examples": JSON,
            "eager_input_streaming": JSON,
        },
    ),
    max_size=2,
)
LOOSE = st.sampled_from(
    [
        *("system", "tools", "tool_choice", "thinking", "output_config", "output_format"),
        *("metadata", "service_tier", "stop_sequences", "temperature", "max_tokens"),
    ]
)


@given(
    st.lists(MESSAGES, max_size=4) | JSON | st.just([{"role": "user", "content": "Hi"}]),
    st.dictionaries(LOOSE, JSON),
    TOOLS,
)
def test_translating_is_pure_and_raises_nothing_else(messages: Any, extra: Any, tools: Any) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": messages, "tools": tools, **extra}
    kept = copy.deepcopy(body)
    try:
        translated = translate(MessagesRequest(body), "openai", "m")
        orjson.dumps(translated.request.body)
    except UnsupportedParameter:
        pass
    assert body == kept
