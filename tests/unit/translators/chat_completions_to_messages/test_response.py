"""Anthropic's messages as OpenAI's completions."""

from __future__ import annotations

import copy
import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.usage import read_usage
from controlplane.translators.chat_completions_to_messages.plain_json import (
    ObjectCutter,
    first_object,
)
from controlplane.translators.chat_completions_to_messages.response import completion


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
    assert read_usage(translated) == Usage(123, 7, 100, 5, 20)


def test_what_is_kept_for_an_hour_is_counted() -> None:
    kept = {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15}
    usage = {"input_tokens": 3, "cache_creation_input_tokens": 20, "cache_creation": kept}
    translated = completion(message(usage=usage), created=1)["usage"]
    assert read_usage(translated) == Usage(23, cache_write=20, cache_write_hour=15)


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
        ('The set {a, b} is {"a": 1}.', '{"a": 1}'),
        ('{not} {"this": one} {"n": NaN} {"b": [1, 2]} {"c": 1}', '{"b": [1, 2]}'),
        ("{} and more", "{}"),
        ("{none} of {these: 1}", "{none} of {these: 1}"),
        ('Cut {off}: {"a": [{"b": 1}, {"c', '{"a": [{"b": 1}, {"c'),
        ('{"n": ' + "1" * 5000 + "}!", '{"n": ' + "1" * 5000 + "}"),
        ('{"cut": "sho', '{"cut": "sho'),
    ],
)
def test_the_object_is_cut_out(text: str, plain: str) -> None:
    value = message({"type": "text", "text": text})
    assert choice(value, json_object=True)["message"]["content"] == plain
    assert choice(value)["message"]["content"] == text


WORDS = st.text("ab {}:,\n", max_size=20).filter(lambda text: "{}" not in "".join(text.split()))
VALUES = st.recursive(
    st.none() | st.integers() | st.text('a"\\\\{}[]:é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=2,
)


@given(
    before=WORDS,
    value=st.dictionaries(st.text('ab"\\\\{}', max_size=4), VALUES, max_size=3),
    after=WORDS,
    indent=st.sampled_from([None, 2]),
    data=st.data(),
)
def test_the_object_is_the_same_however_the_text_comes(
    before: str, value: Any, after: str, indent: int | None, data: st.DataObject
) -> None:
    plain = json.dumps(value, indent=indent)
    text = before + plain + after
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    cutter = ObjectCutter()
    edges = [0, *sorted(cuts), len(text)]
    got = "".join(cutter.feed(text[a:b]) for a, b in pairwise(edges)) + cutter.rest()
    assert got == first_object(text) == plain


@given(text=st.text('ab{"} :,1\\\\', max_size=40), cuts=st.lists(st.integers(0, 40), max_size=8))
def test_nothing_is_lost_where_there_is_no_object(text: str, cuts: list[int]) -> None:
    cutter = ObjectCutter()
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    whole = ObjectCutter()
    got = "".join(cutter.feed(text[a:b]) for a, b in pairwise(edges)) + cutter.rest()
    assert got == whole.feed(text) + whole.rest()
    assert got in text
    assert got == text or got.startswith("{")


def test_a_text_of_braces_takes_no_time() -> None:
    text = '{"a": ' * 40_000
    began = time.process_time()
    assert first_object(text) == text
    assert first_object('{"a" b ' * 40_000) == '{"a" b ' * 40_000
    assert time.process_time() - began < 5
