"""The events of a Response as chunks: nothing twice, nothing lost, however they are cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.answers import events_of, response, responses
from tests.unit.translators.pairs import TO_RESPONSES, streamed
from tests.wire_types.responses_types import CHUNK, COMPLETION

from controlplane.errors import ProviderError
from controlplane.translators.chat_completions_to_responses.response import joined

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
BEGIN = {"type": "response.created", "response": response([], "in_progress")}


def completed(*output: Any) -> dict[str, Any]:
    return {"type": "response.completed", "response": response(list(output))}


def delta(text: str, index: int = 0, part: int = 0) -> dict[str, Any]:
    where = {"output_index": index, "content_index": part, "item_id": "i"}
    return {"type": "response.output_text.delta", **where, "delta": text, "logprobs": []}


def told(*events: Any) -> list[Any]:
    return streamed(TO_RESPONSES.translate(ASKED), list(events))


@given(st.data(), responses())
def test_the_stream_joins_to_the_whole_answer(data: Any, answer: Any) -> None:
    translation = TO_RESPONSES.translate(ASKED)
    chunks = streamed(translation, [*events_of(data.draw, answer)])
    assert [fault for each in chunks for fault in CHUNK.faults(each)] == []
    whole = translation.whole(answer)
    assert COMPLETION.faults(dict(whole)) == []
    assert joined(chunks) == whole


@given(responses())
def test_the_whole_answer_says_what_was_said(answer: Any) -> None:
    (choice,) = TO_RESPONSES.translate(ASKED).whole(answer)["choices"]
    message, output = choice["message"], answer["output"]
    parts = [part for item in output for part in item.get("content", [])]
    assert (message["content"] or "") == "".join(part.get("text", "") for part in parts)
    assert (message["refusal"] or "") == "".join(part.get("refusal", "") for part in parts)
    calls = [(i["call_id"], i.get("arguments", i.get("input"))) for i in output if "call_id" in i]
    assert calls == [
        (
            call["id"],
            (call.get("function") or {}).get("arguments", (call.get("custom") or {}).get("input")),
        )
        for call in message.get("tool_calls", [])
    ]
    sealed = [i["encrypted_content"] for i in output if i.get("encrypted_content")]
    assert sealed == [each["data"] for each in message.get("reasoning_details", [])]


def test_the_role_comes_first_and_the_usage_last() -> None:
    chunks = told(BEGIN, delta("a"), completed())
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1]] == [None, None, "stop"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 5


def test_nothing_is_said_before_the_first_word_so_that_another_target_can_answer() -> None:
    stream = TO_RESPONSES.translate(ASKED).stream()
    item = {"id": "rs_1", "type": "reasoning", "summary": []}
    added = {"type": "response.output_item.added", "output_index": 0, "item": item}
    assert stream.feed(BEGIN) == []
    assert stream.feed(added) == []


@pytest.mark.parametrize("count", range(3))
def test_a_stream_that_ends_early_is_a_failure(count: int) -> None:
    with pytest.raises(ProviderError, match="ended before"):
        told(*(BEGIN, delta("a"), delta("b"))[:count])


def test_events_that_are_not_known_are_passed_over() -> None:
    plain = told(BEGIN, delta("a"), completed())
    more = [{"type": "response.new.delta", "delta": "?"}, {"type": 7}, {}, {"no": "type"}]
    item = {"id": "x", "type": "hologram"}
    added = {"type": "response.output_item.added", "output_index": 1, "item": item}
    argued = {"type": "response.function_call_arguments.delta", "output_index": 9, "delta": "x"}
    assert told(BEGIN, *more, added, argued, delta("a"), completed(), delta("b")) == plain


@pytest.mark.parametrize(
    "events",
    [
        (delta("a"),),
        ({"type": "response.created"},),
        ({"type": "response.created", "response": {"id": 7}},),
        (BEGIN, {"type": "response.output_text.delta", "delta": "a"}),
        (BEGIN, {**delta("a"), "delta": None}),
        (BEGIN, {"type": "response.output_item.done", "output_index": 0, "item": {}}),
        (BEGIN, {"type": "response.completed", "response": None}),
    ],
)
def test_what_makes_no_sense_is_a_failure(events: Any) -> None:
    with pytest.raises(ProviderError):
        told(*events)


@pytest.mark.parametrize(
    "answer",
    [{}, {"object": "response"}, response([], "failed"), response([7]), response([{}])],
)
def test_a_whole_answer_that_is_none_is_a_failure(answer: Any) -> None:
    with pytest.raises(ProviderError):
        TO_RESPONSES.translate(ASKED).whole(answer)


@pytest.mark.parametrize(
    ("reason", "word"),
    [("max_output_tokens", "length"), ("content_filter", "content_filter"), ("steered", "length")],
)
def test_an_answer_that_was_cut_says_why(reason: str, word: str) -> None:
    answer = {**response([], "incomplete"), "incomplete_details": {"reason": reason}}
    (choice,) = TO_RESPONSES.translate(ASKED).whole(answer)["choices"]
    assert choice["finish_reason"] == word


def test_a_tier_that_chat_does_not_know_is_not_told() -> None:
    answer = {**response([]), "service_tier": "ultrafast"}
    assert "service_tier" not in TO_RESPONSES.translate(ASKED).whole(answer)
