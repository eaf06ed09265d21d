"""Completions and chunks as Messages: what ends them, what is called, and what makes no sense."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.translators.messages_to_chat_completions.cases import (
    asked,
    chunk,
    completion,
    events_of,
    message_of,
)

from controlplane.errors import ProviderError
from controlplane.translators.messages_to_chat_completions.blocks import INVALID_JSON

EAGER = {"name": "f", "input_schema": {"type": "object"}, "eager_input_streaming": True}
LAZY = {"name": "f", "input_schema": {"type": "object"}}
STOP = chunk({}, "stop")


def call(index: int = 0, arguments: Any = "", **more: Any) -> dict[str, Any]:
    """A piece of a call, as a delta has it."""
    return {"index": index, **more, "function": {"arguments": arguments}}


def begun(index: int, id_: str, name: str = "f", arguments: Any = "") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": id_, "type": "function", "function": function}


def calls(*pieces: Any) -> dict[str, Any]:
    return chunk({"tool_calls": list(pieces)})


def streamed(*chunks: Any, tools: Any = (LAZY,), **body: Any) -> dict[str, Any]:
    return message_of(events_of(asked({"tools": list(tools), **body}).stream(), chunks))


def whole(message: dict[str, Any], finish: str = "stop", **more: Any) -> Any:
    answer = completion(message, finish, **more)
    return orjson.loads(orjson.dumps(asked({"tools": [LAZY]}).whole(answer)))


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("model_length", "model_context_window_exceeded"),
        ("content_filter", "refusal"),
        ("something_new", "end_turn"),
    ],
)
def test_a_reason_to_stop(finish: str, reason: str) -> None:
    message = whole({"content": "a"}, finish)
    assert (message["stop_reason"], message["stop_sequence"]) == (reason, None)
    assert ("stop_details" in message) is (reason == "refusal")
    assert streamed(chunk({"content": "a"}), chunk({}, finish))["stop_reason"] == reason


@pytest.mark.parametrize("finish", ["stop", "tool_calls", "function_call"])
def test_a_call_is_one_whatever_the_reason_says(finish: str) -> None:
    message = whole({"tool_calls": [begun(0, "c")]}, finish)
    assert message["stop_reason"] == "tool_use"
    assert whole({"content": "a"}, "tool_calls")["stop_reason"] == "end_turn"


def test_a_call_that_was_cut_off_says_so() -> None:
    message = whole({"tool_calls": [begun(0, "c", arguments='{"a": "b')]}, "length")
    assert message["stop_reason"] == "max_tokens"
    assert message["content"][0]["input"] == {INVALID_JSON: '{"a": "b'}


def test_a_sequence_that_was_met_is_named_where_the_server_names_it() -> None:
    answer = completion({"content": "a"})
    answer["choices"][0]["stop_reason"] = "END"
    found = asked({"stop_sequences": ["END"]}).whole(answer)
    assert (found["stop_reason"], found["stop_sequence"]) == ("stop_sequence", "END")
    assert asked({}).whole(answer)["stop_reason"] == "end_turn"


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", {}),
        ("null", {}),
        (" {} ", {}),
        ('{"a":1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("[1]", {INVALID_JSON: "[1]"}),
        ('{}{"a":1}', {INVALID_JSON: '{}{"a":1}'}),
        ("{'a': 1}", {INVALID_JSON: "{'a': 1}"}),
    ],
)
def test_an_input_is_an_object(arguments: Any, found: dict[str, Any]) -> None:
    (block,) = whole({"tool_calls": [begun(0, "c", arguments=arguments)]})["content"]
    assert block["input"] == found
    message = streamed(calls(begun(0, "c")), calls(call(0, arguments)), STOP)
    assert message["content"][0]["input"] == found


def test_an_input_keeps_its_digits() -> None:
    arguments = '{"n":12345678901234567890.5}'
    answer = asked({}).whole(completion({"tool_calls": [begun(0, "c", arguments=arguments)]}))
    assert arguments.encode() in orjson.dumps(answer)


def test_an_input_that_is_wanted_as_it_comes_comes_so() -> None:
    stream = asked({"tools": [EAGER]}).stream()
    events = stream.feed(calls(begun(0, "call_with_an_id_0", arguments='{"a"')))
    assert [event["type"] for event in events][1:] == [
        "content_block_start",
        "content_block_delta",
    ]
    (event,) = stream.feed(calls(call(0, ": 1}")))
    assert event["delta"] == {"type": "input_json_delta", "partial_json": ": 1}"}


def test_other_inputs_wait_until_they_are_known_to_be_json() -> None:
    stream = asked({"tools": [LAZY]}).stream()
    assert stream.feed(calls(begun(0, "c", arguments='{"a"'))) == []


@pytest.mark.parametrize("tool", [EAGER, LAZY])
def test_calls_that_come_at_once_are_blocks_one_after_the_other(tool: dict[str, Any]) -> None:
    message = streamed(
        calls(begun(0, "call_with_an_id_0"), begun(1, "call_with_an_id_1")),
        calls(call(1, '{"b":')),
        calls(call(0, '{"a":'), call(1, "2}")),
        calls(call(0, "1}")),
        STOP,
        tools=[tool],
    )
    assert [block["input"] for block in message["content"]] == [{"a": 1}, {"b": 2}]
    assert [block["id"][-1] for block in message["content"]] == ["0", "1"]


def test_what_is_said_while_a_call_is_open_is_not_lost() -> None:
    message = streamed(
        calls(begun(0, "call_with_an_id_0", arguments='{"a":')),
        chunk({"content": "Wait", "reasoning_content": "Hm"}),
        calls(call(0, "1}")),
        STOP,
        tools=[EAGER],
    )
    kinds = [block["type"] for block in message["content"]]
    assert kinds == ["tool_use", "thinking", "text"]
    assert message["content"][0]["input"] == {"a": 1}


def test_calls_of_one_index_are_told_apart_by_their_ids() -> None:
    message = streamed(
        calls(begun(0, "call_with_an_id_0", "f", "{}")),
        calls(begun(0, "call_with_an_id_1", "g", '{"a":1}')),
        STOP,
    )
    assert [block["name"] for block in message["content"]] == ["f", "g"]


def test_an_id_that_comes_again_is_no_other_call() -> None:
    piece = begun(0, "call_with_an_id_0", "f", "{")
    message = streamed(calls(piece), calls({**piece, "function": {"arguments": "}"}}), STOP)
    assert [block["input"] for block in message["content"]] == [{}]


@pytest.mark.parametrize("id_", ["", "call_0", "functions.f:0", "0"])
def test_an_id_is_unique_and_one_that_claude_would_take(id_: str) -> None:
    first, second = (
        asked({}).whole(
            {**completion({"tool_calls": [begun(0, id_), begun(1, id_)]}), "id": answer}
        )
        for answer in ("chatcmpl-1", "chatcmpl-2")
    )
    ids = [block["id"] for message in (first, second) for block in message["content"]]
    assert len(set(ids)) == 4
    assert all(id_.replace("_", "").isalnum() and len(id_) <= 40 for id_ in ids)


def test_a_name_that_was_shortened_is_the_clients_again() -> None:
    long = "g" * 100
    translated = asked({"tools": [{"name": long, "input_schema": {"type": "object"}}]})
    there = translated.request.body["tools"][0]["function"]["name"]
    answer = translated.whole(completion({"tool_calls": [begun(0, "c", there)]}))
    assert answer["content"][0]["name"] == long
    eager = asked({"tools": [EAGER | {"name": long}]}).stream()
    assert eager.feed(calls(begun(0, "c", there)))[1]["content_block"]["name"] == long


def test_a_refusal_is_text_and_the_reason() -> None:
    message = streamed(chunk({"refusal": "I can"}), chunk({"refusal": "not."}), STOP)
    assert message["content"] == [{"type": "text", "text": "I cannot."}]
    assert message["stop_reason"] == "refusal"
    assert message["stop_details"]["explanation"] == "I cannot."


def test_parts_of_an_answer_are_read() -> None:
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}]
    assert whole({"content": parts})["content"] == [{"type": "text", "text": "a"}]


def test_usage_counts_cached_tokens_apart() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 9,
        "prompt_tokens_details": {
            "cached_tokens": 60,
            "cache_write_tokens": 30,
            "cache_write_1h_tokens": 20,
        },
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    counts = {
        "input_tokens": 10,
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 30,
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 4},
    }
    found = whole({"content": "a"}, usage=usage, service_tier="priority")["usage"]
    assert found.items() >= counts.items()
    assert found["service_tier"] == "priority"
    assert found["cache_creation"] == {
        "ephemeral_5m_input_tokens": 10,
        "ephemeral_1h_input_tokens": 20,
    }
    late = {**chunk({}), "choices": [], "usage": usage}
    events = events_of(asked({}).stream(), [chunk({"content": "a"}), STOP, late])
    assert events[-2]["usage"] == counts


def test_nothing_is_said_until_there_is_something_to_say() -> None:
    stream = asked({}).stream()
    assert stream.feed(chunk({"role": "assistant", "content": ""})) == []
    assert stream.feed({**chunk({}), "choices": []}) == []
    assert [event["type"] for event in stream.feed(chunk({"content": "a"}))] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
    ]


def test_an_answer_without_a_word_is_a_message() -> None:
    events = events_of(asked({}).stream(), [chunk({"role": "assistant"}), STOP])
    assert [event["type"] for event in events] == ["message_start", "message_delta", "message_stop"]
    assert whole({"content": ""})["content"] == []


def test_the_end_comes_once() -> None:
    stream = asked({}).stream()
    stream.feed(STOP)
    assert stream.end()
    assert stream.end() == []


def test_a_stream_that_ends_early_is_a_failure() -> None:
    stream = asked({}).stream()
    stream.feed(chunk({"content": "a"}))
    with pytest.raises(ProviderError):
        stream.end()


@pytest.mark.parametrize(
    "event",
    [
        {"choices": [7]},
        {"choices": 7},
        chunk({"tool_calls": 7}),
        chunk({"tool_calls": [7]}),
        chunk({"tool_calls": [{"function": 7}]}),
        chunk({"tool_calls": [{"id": 7}]}),
        chunk({"tool_calls": [{"function": {"name": 7}}]}),
        chunk({"tool_calls": [{"function": {"arguments": 7}}]}),
    ],
)
def test_what_is_no_chunk_is_a_failure(event: Any) -> None:
    with pytest.raises(ProviderError):
        asked({}).stream().feed(event)


@pytest.mark.parametrize(
    "delta",
    [{"refusal": 7}, {"content": [7]}, {"content": [{"type": "text"}]}, {"reasoning": [7]}],
)
def test_what_is_no_text_is_none(delta: dict[str, Any]) -> None:
    assert whole({"content": None, **delta})["content"] == []
    opened = calls(begun(0, "call_with_an_id_0", arguments="{}"))
    message = streamed(opened, chunk(delta), STOP, tools=[EAGER])
    assert [block["type"] for block in message["content"]] == ["tool_use"]


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [{}]}, {"choices": [7]}])
def test_what_is_no_completion_is_a_failure(answer: Any) -> None:
    with pytest.raises(ProviderError):
        asked({}).whole(answer)


def test_an_answer_without_an_id_gets_one() -> None:
    answer = completion({"content": "a"})
    first, second = (asked({}).whole({**answer, "id": None})["id"] for _ in range(2))
    assert first.startswith("msg_")
    assert first != second
