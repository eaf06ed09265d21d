"""The checks of the wire formats refuse what the packages' types let pass by themselves."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.wire_types import anthropic_types
from tests.wire_types import openai_types as openai
from tests.wire_types.strict import Strict

COMPLETION: Any = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
            "message": {"role": "assistant", "content": "Hello", "refusal": None},
        }
    ],
}
CHUNK: Any = {
    "id": "c",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": None, "delta": {"content": "Hello"}}],
}
REQUEST: Any = {
    "model": "claude",
    "max_tokens": 5,
    "temperature": 0.5,
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
}
EVENT: Any = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "Hello"},
}
ERROR: Any = {"error": {"message": "No.", "type": "t", "param": None, "code": None}}
DELETED = object()

CHECKED = {
    "completion": (openai.COMPLETIONS["openai"], COMPLETION),
    "chunk": (openai.CHUNKS["openai"], CHUNK),
    "error": (openai.ERROR, ERROR),
    "request": (anthropic_types.MESSAGE_REQUEST, REQUEST),
    "event": (anthropic_types.EVENT, EVENT),
}


@pytest.mark.parametrize("name", CHECKED)
def test_what_is_of_the_type_passes(name: str) -> None:
    kind, value = CHECKED[name]
    assert kind.faults(value) == []


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("completion", ("extra",), 1),
        ("completion", ("choices", 0, "extra"), None),
        ("completion", ("choices", 0, "message", "reasoning_content"), "Azure and OpenAI: no"),
        ("completion", ("choices", 0, "content_filter_results"), {}),
        ("completion", ("created",), "1"),
        ("completion", ("created",), True),
        ("completion", ("choices", 0, "finish_reason"), "end_turn"),
        ("completion", ("choices", 0, "finish_reason"), None),
        ("completion", ("choices", 0, "logprobs"), DELETED),
        ("completion", ("choices", 0, "message", "content"), DELETED),
        ("completion", ("choices", 0, "message", "refusal"), DELETED),
        ("completion", ("object",), "chat.completion.chunk"),
        ("chunk", ("choices", 0, "extra"), 1),
        ("chunk", ("choices", 0, "delta", "extra"), 1),
        ("chunk", ("choices", 0, "finish_reason"), DELETED),
        ("chunk", ("choices", 0, "delta"), DELETED),
        ("error", ("error", "extra"), 1),
        ("error", ("error", "param"), DELETED),
        ("error", ("error", "code"), 400),
        ("request", ("top_k",), 1),
        ("request", ("messages", 0, "extra"), 1),
        ("request", ("messages", 0, "role"), "tool"),
        ("request", ("messages", 0, "content", 0, "extra"), 1),
        ("request", ("messages", 0, "content", 0, "text"), 1),
        ("request", ("messages", 0, "content", 0, "type"), "input_text"),
        ("request", ("tools", 0, "extra"), 1),
        ("request", ("tools", 0, "input_schema"), DELETED),
        ("request", ("max_tokens",), DELETED),
        ("request", ("max_tokens",), "5"),
        ("event", ("delta", "extra"), 1),
        ("event", ("delta", "type"), "word_delta"),
        ("event", ("index",), DELETED),
    ],
)
def test_what_is_not_of_it_is_refused(name: str, at: tuple[Any, ...], value: Any) -> None:
    kind, good = CHECKED[name]
    changed = copy.deepcopy(good)
    *inside, last = at
    place = changed
    for step in inside:
        place = place[step]
    if value is DELETED:
        del place[last]
    else:
        place[last] = value
    assert kind.faults(changed) != []


def test_a_mismatch_names_the_place_in_the_member_of_the_union_that_was_meant() -> None:
    changed = copy.deepcopy(REQUEST)
    changed["messages"][0]["content"][0]["extra"] = 1
    told = "\n".join(anthropic_types.MESSAGE_REQUEST.faults(changed))
    assert "messages.0.content.0.TextBlockParam.extra: Extra inputs are" in told
    assert "ImageBlockParam" not in told


def test_many_complaints_are_cut() -> None:
    assert Strict(list[int]).faults(["x"] * 7)[5:] == ["and 2 more"]
