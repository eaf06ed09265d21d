"""Anthropic's messages as OpenAI's completions."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.usage import TokenUsage
from controlplane.providers.anthropic.plain_json import ObjectCutter
from controlplane.providers.anthropic.response import completion


def message(*content: Any, stop_reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude"}
    return {**head, "content": list(content), "stop_reason": stop_reason, **more}


def choice(value: Any, **options: Any) -> Any:
    return completion(value, created=1, **options)["choices"][0]


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("something_new", "stop"),
    ],
)
def test_every_stop_reason(stop_reason: str, finish_reason: str) -> None:
    assert choice(message(stop_reason=stop_reason))["finish_reason"] == finish_reason


def test_an_empty_answer_is_an_empty_text() -> None:
    assert choice(message())["message"] == {"role": "assistant", "content": "", "refusal": None}


def test_a_refusal_keeps_what_was_said_before_it() -> None:
    said = choice(message({"type": "text", "text": "Well"}, stop_reason="refusal"))["message"]
    assert said["content"] == "Well"
    assert said["refusal"]


def test_tools_that_ran_at_the_provider_are_no_calls_of_the_client() -> None:
    blocks = (
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "text", "text": "Found."},
    )
    said = choice(message(*blocks))["message"]
    assert said["content"] == "Found."
    assert "tool_calls" not in said


def test_the_prompt_counts_what_was_cached() -> None:
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 100,
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 5},
    }
    translated = completion(message({"type": "text", "text": "Hi"}, usage=usage), created=1)[
        "usage"
    ]
    assert translated["total_tokens"] == 130
    assert TokenUsage.from_openai(translated) == TokenUsage(123, 7, 100, 5, 20)


def test_a_message_without_usage_is_an_answer() -> None:
    assert "usage" not in completion(message({"type": "text", "text": "Hi"}), created=1)


def test_the_message_stays_as_it_was() -> None:
    value = message({"type": "tool_use", "id": "t", "name": "f", "input": {"a": [1]}}, usage={})
    kept = copy.deepcopy(value)
    completion(value, created=1)
    assert value == kept


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('Sure:\n```json\n{"a": {"b": "}"}}\n```\nDone {really}', '{"a": {"b": "}"}}'),
        ('{"quote": "\\"}"} tail', '{"quote": "\\"}"}'),
        ("no object", "no object"),
        ('{"cut": "sho', '{"cut": "sho'),
    ],
)
def test_the_object_is_cut_out(text: str, plain: str) -> None:
    value = message({"type": "text", "text": text})
    assert choice(value, json_object=True)["message"]["content"] == plain
    assert choice(value)["message"]["content"] == text


@given(cuts=st.lists(st.integers(0, 40), max_size=8))
def test_the_object_is_the_same_however_the_text_comes(cuts: list[int]) -> None:
    text = 'Here: ```{"a": {"b": "\\"}{"}}``` {"c": 1}'
    cutter = ObjectCutter()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    got = "".join(cutter.feed(text[a:b]) for a, b in pairwise(edges)) + cutter.rest()
    assert got == '{"a": {"b": "\\"}{"}}'
