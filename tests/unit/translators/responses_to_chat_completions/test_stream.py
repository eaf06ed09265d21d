"""Chunks as the events of a Response: in order, complete, and the same however they are cut."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.answers import FRAME, chunks_of, completions
from tests.unit.translators.pairs import TO_CHAT, streamed
from tests.wire_types.responses_types import event_faults

from controlplane.errors import ProviderError

TOOLS = [
    {"type": "function", "name": "f", "parameters": {}, "strict": False},
    {"type": "custom", "name": "note"},
    {"type": "shell", "environment": {"type": "local"}},
    {
        "type": "namespace",
        "name": "n",
        "description": "",
        "tools": [{"type": "custom", "name": "x"}],
    },
]
NAMES = ["f", "note", "shell", "n__x", "never_offered"]
SEALED = {"include": ["reasoning.encrypted_content"]}
ASKED: dict[str, Any] = {"model": "m", "input": "Hello", "stream": True, "tools": TOOLS}
# The member that the pieces of an item grow, and the event that tells all of it.
WHOLES = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
}


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {**FRAME, "object": "chat.completion.chunk", "choices": [choice]}


def call(index: int, name: str, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": f"c{index}", "type": "function", "function": function}


def told(*chunks: dict[str, Any], **more: Any) -> list[Any]:
    return streamed(TO_CHAT.translate(ASKED | more), list(chunks))


@given(st.data(), completions(NAMES), st.booleans())
def test_the_stream_joins_to_the_whole_answer(data: Any, answer: Any, sealed: bool) -> None:
    translation = TO_CHAT.translate(ASKED | (SEALED if sealed else {}))
    events = streamed(translation, chunks_of(data.draw, answer))
    assert [fault for event in events for fault in event_faults(event)] == []
    assert events[-1]["response"] == translation.whole(answer)
    assert [event["sequence_number"] for event in events] == [*range(len(events))]
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    check_items(events)


def check_items(events: list[Any]) -> None:
    """Items begin in order and end once; deltas stand between, and join to what is done."""
    begun: dict[int, Any] = {}
    ended: dict[int, Any] = {}
    pieces: defaultdict[tuple[Any, ...], str] = defaultdict(str)
    for event in events:
        kind, index = event["type"], event.get("output_index")
        if kind == "response.output_item.added":
            assert index == len(begun)
            begun[index] = event["item"]
        elif index is not None:
            assert index in begun
            assert index not in ended
        if kind == "response.output_item.done":
            assert event["item"]["id"] == begun[index]["id"]
            ended[index] = event["item"]
        name, _, phase = kind.rpartition(".")
        if name in WHOLES:
            place = (name, index, event.get("content_index"), event.get("summary_index"))
            assert event["item_id"] == begun[index]["id"]
            if phase == "delta":
                assert event["delta"] != ""
                pieces[place] += event["delta"]
            else:
                assert pieces.pop(place, "") == event[WHOLES[name]]
    assert not pieces
    assert events[-1]["response"]["output"] == [ended[index] for index in range(len(begun))]


def test_calls_that_speak_in_turns_are_kept_apart() -> None:
    events = told(
        chunk({"tool_calls": [call(0, "f", ""), call(1, "f", "")]}),
        *(
            chunk({"tool_calls": [{"index": index, "function": {"arguments": text}}]})
            for index, text in [(0, '{"a"'), (1, '{"b"'), (0, ":1}"), (1, ":2}")]
        ),
        chunk({}, "tool_calls"),
    )
    deltas = [(e["output_index"], e["delta"]) for e in events if e["type"].endswith(".delta")]
    assert deltas == [(0, '{"a"'), (1, '{"b"'), (0, ":1}"), (1, ":2}")]
    output = events[-1]["response"]["output"]
    assert [item["arguments"] for item in output] == ['{"a":1}', '{"b":2}']


def test_calls_with_one_index_and_two_ids_are_two() -> None:
    first, second = call(0, "f", "{}"), {**call(0, "f", "[]"), "id": "c9"}
    events = told(
        chunk({"tool_calls": [first]}), chunk({"tool_calls": [second]}), chunk({}, "tool_calls")
    )
    output = events[-1]["response"]["output"]
    assert [(i["call_id"], i["arguments"]) for i in output] == [("c0", "{}"), ("c9", "[]")]


def test_a_call_without_an_id_gets_one() -> None:
    events = told(chunk({"tool_calls": [{"function": {"name": "f"}}]}), chunk({}, "tool_calls"))
    (item,) = events[-1]["response"]["output"]
    assert item["call_id"] == "call_1_0"


def test_what_is_said_after_a_call_is_a_message_of_its_own() -> None:
    events = told(
        chunk({"content": "a"}),
        chunk({"tool_calls": [call(0, "f", "{}")]}),
        chunk({"content": "b"}),
        chunk({}, "stop"),
    )
    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "message"]
    assert len({item["id"] for item in output}) == 3


def test_a_message_is_done_before_the_call_behind_it_begins() -> None:
    events = told(
        chunk({"content": "a"}), chunk({"tool_calls": [call(0, "f", "{}")]}), chunk({}, "stop")
    )
    items = [e["type"].rpartition(".")[2] for e in events if "output_item" in e["type"]]
    assert items == ["added", "done", "added", "done"]


def test_a_custom_tool_speaks_before_its_text_is_whole() -> None:
    translation = TO_CHAT.translate(ASKED)
    stream = translation.stream()
    stream.feed(chunk({"tool_calls": [call(0, "note", '{"input": "one\\n')]}))
    (event,) = stream.feed(chunk({"tool_calls": [{"index": 0, "function": {"arguments": 'two"'}}]}))
    assert (event["type"], event["delta"]) == ("response.custom_tool_call_input.delta", "two")


def test_other_choices_are_not_heard() -> None:
    events = told(chunk({"content": "no"}, index=1), chunk({"content": "yes"}), chunk({}, "stop"))
    (item,) = events[-1]["response"]["output"]
    assert item["content"][0]["text"] == "yes"


def test_sealed_thoughts_alone_are_no_item_for_a_caller_who_takes_none() -> None:
    detail = {"type": "reasoning.encrypted", "data": "x", "format": "anthropic-claude-v1"}
    chunks = (chunk({"reasoning_details": [detail]}), chunk({"content": "a"}), chunk({}, "stop"))
    plain = told(*chunks)[-1]["response"]["output"]
    assert [item["type"] for item in plain] == ["message"]
    sealed = told(*chunks, **SEALED)[-1]["response"]["output"]
    assert [item["type"] for item in sealed] == ["reasoning", "message"]
    assert sealed[0]["encrypted_content"]


def test_the_usage_tells_what_was_written_for_an_hour() -> None:
    details = {"cached_tokens": 1, "cache_write_tokens": 3, "cache_write_1h_tokens": 2}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": details}
    last = {**FRAME, "choices": [], "usage": usage}
    events = told(chunk({"content": "a"}), chunk({}, "stop"), last)
    assert events[-1]["response"]["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": details,
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 10,
    }


@pytest.mark.parametrize(
    ("reason", "kind", "why"),
    [
        ("stop", "response.completed", None),
        ("tool_calls", "response.completed", None),
        ("length", "response.incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "response.incomplete", {"reason": "content_filter"}),
    ],
)
def test_the_last_event_says_how_it_ended(reason: str, kind: str, why: Any) -> None:
    last = told(chunk({"content": "a"}), chunk({}, reason))[-1]
    assert last["type"] == kind
    assert last["response"]["incomplete_details"] == why
    (item,) = last["response"]["output"]
    assert item["status"] == kind.removeprefix("response.")


def test_a_stream_that_ends_early_is_a_failure() -> None:
    with pytest.raises(ProviderError, match="ended before"):
        told(chunk({"content": "a"}))


def test_the_end_is_told_once() -> None:
    stream = TO_CHAT.translate(ASKED).stream()
    stream.feed(chunk({"content": "a"}, "stop"))
    assert len(stream.end()) == 1
    assert stream.end() == []


@pytest.mark.parametrize(
    "delta",
    [
        {"content": 7},
        {"refusal": ["no"]},
        {"tool_calls": [{"index": 0, "function": {}}]},
        {"tool_calls": ["f"]},
        {"annotations": [{}]},
        {"tool_calls": 7},
    ],
)
def test_what_makes_no_sense_is_a_failure(delta: Any) -> None:
    with pytest.raises(ProviderError, match="malformed"):
        told(chunk(delta))


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [7]}, {"choices": [{}]}])
def test_a_whole_answer_that_is_none_is_a_failure(answer: Any) -> None:
    with pytest.raises(ProviderError):
        TO_CHAT.translate(ASKED).whole(answer)


def test_an_answer_without_an_id_has_one_all_the_same() -> None:
    nameless = {**chunk({"content": "a"}, "stop"), "id": None}
    assert told(nameless)[-1]["response"]["id"] == "resp_1790000000"
