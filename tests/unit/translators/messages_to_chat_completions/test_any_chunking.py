"""However an answer is cut, and its calls mixed, a client puts together what it would get whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.messages_to_chat_completions.cases import (
    asked,
    chunk,
    completion,
    events_of,
    message_of,
)
from tests.wire_types.anthropic_types import EVENT, MESSAGE

VALUES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6)
ARGUMENTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=3).map(json.dumps)
BROKEN = st.sampled_from(["", "{", '{"a": ', "[]", "null", "{}{}", "{'a': 1}"])
NAMES = ("f", "g")
TOOLS = [{"name": name, "input_schema": {"type": "object"}} for name in NAMES]
USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 7,
    "total_tokens": 19,
    "prompt_tokens_details": {"cached_tokens": 5},
}


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    """Pieces of a text, some of them empty."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@st.composite
def mixed(draw: st.DrawFn, arguments: Sequence[str]) -> list[Any]:
    """Pieces of calls; each begins in its order, and goes on between the others."""
    waiting = [(index, draw(cut(text))) for index, text in enumerate(arguments)]
    begun: list[tuple[int, list[str]]] = []
    pieces = []
    while waiting or begun:
        if waiting and (not begun or draw(st.booleans())):
            index, texts = waiting.pop(0)
            function = {"name": NAMES[index % 2], "arguments": texts.pop(0)}
            pieces.append({"index": index, "id": f"call_{index}", "function": function})
        else:
            index, texts = begun.pop(draw(st.integers(0, len(begun) - 1)))
            pieces.append({"index": index, "function": {"arguments": texts.pop(0)}})
        if texts:
            begun.append((index, texts))
    return pieces


@st.composite
def answers(draw: st.DrawFn, arguments: st.SearchStrategy[str]) -> tuple[Any, list[Any]]:
    """A completion, and chunks that say the same."""
    thought, said = draw(st.text(max_size=9)), draw(st.text(max_size=9))
    texts = draw(st.lists(arguments, max_size=3))
    member = draw(st.sampled_from(["reasoning_content", "reasoning"]))
    finish = draw(st.sampled_from(["stop", "length", "tool_calls", "content_filter"]))
    calls = [
        {"id": f"call_{i}", "function": {"name": NAMES[i % 2], "arguments": text}}
        for i, text in enumerate(texts)
    ]
    message = {member: thought, "content": said, "tool_calls": calls}
    deltas: list[dict[str, Any]] = [{member: piece} for piece in draw(cut(thought))]
    deltas += [{"content": piece} for piece in draw(cut(said))]
    pieces = draw(mixed(texts))
    while pieces:
        count = draw(st.integers(1, 3))
        deltas.append({"tool_calls": pieces[:count]})
        pieces = pieces[count:]
    chunks = [chunk({"role": "assistant", "content": ""}), *map(chunk, deltas), chunk({}, finish)]
    chunks.append({**chunk({}), "choices": [], "usage": USAGE})
    return completion(message, finish, usage=USAGE), chunks


def assert_joined(answer: Any, chunks: Sequence[Any], tools: Sequence[Any]) -> None:
    translation = asked({"tools": list(tools)})
    whole = translation.whole(answer)
    events = events_of(translation.stream(), chunks)
    streamed = message_of(events)
    assert [EVENT.faults(event) for event in events] == [[]] * len(events)
    assert MESSAGE.faults(streamed) == []
    assert json.dumps(streamed) == json.dumps(whole)


@given(answers(ARGUMENTS | BROKEN))
def test_whole_is_joined(answer: tuple[Any, list[Any]]) -> None:
    assert_joined(*answer, TOOLS)


@given(answers(ARGUMENTS))
def test_whole_is_joined_where_inputs_come_as_they_come(answer: tuple[Any, list[Any]]) -> None:
    assert_joined(*answer, [{**tool, "eager_input_streaming": True} for tool in TOOLS])
