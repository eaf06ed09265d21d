"""What was thought comes back to the one that thought it, and to no other."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from tests.unit.translators.messages_to_chat_completions.cases import (
    asked,
    chunk,
    completion,
    events_of,
    message_of,
    text,
    user,
)

from controlplane.translators.messages_to_chat_completions.thoughts import seal

TEXT = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
HIDDEN = {
    "type": "reasoning.encrypted",
    "id": "rs_1",
    "format": "openai-responses-v1",
    "index": 1,
    "data": "gAAA",
    "maker": "0f0f",
    "before": "call_1",
}
SUMMARY = {"type": "reasoning.summary", "id": "rs_1", "format": "openai-responses-v1", "index": 0}
SAID = {"content": "Yes."}


def whole(message: dict[str, Any], provider: str = "vllm") -> list[Any]:
    """The blocks of an answer."""
    answer = asked({}, provider=provider).whole(completion({**message, **SAID}))
    blocks: list[Any] = answer["content"]
    return blocks


def streamed(*deltas: dict[str, Any]) -> list[Any]:
    chunks = [*map(chunk, deltas), chunk(SAID), chunk({}, "stop")]
    blocks: list[Any] = message_of(events_of(asked({}, provider="vllm").stream(), chunks))[
        "content"
    ]
    return blocks


def returned(blocks: list[Any], provider: str = "vllm") -> dict[str, Any]:
    """The turn of the assistant when these blocks come back."""
    messages = [user("Hi"), {"role": "assistant", "content": blocks}, user("Well?")]
    turn: dict[str, Any] = asked({"messages": messages}, provider=provider).request.body[
        "messages"
    ][1]
    return turn


ANSWERS: list[dict[str, Any]] = [
    {"reasoning_content": "Hm."},
    {"reasoning": "Hm."},
    {"reasoning_details": [{**TEXT, "text": "Hm.", "signature": "EqQB"}]},
    {"reasoning_details": [{**SUMMARY, "summary": "Hm."}, HIDDEN]},
    {"reasoning_details": [HIDDEN]},
    {"reasoning_details": [{**TEXT, "text": "a"}, {**TEXT, "text": "b", "index": 1}]},
]


@pytest.mark.parametrize("thought", ANSWERS)
def test_a_thought_comes_back_as_it_was(thought: dict[str, Any]) -> None:
    blocks = whole(thought)
    assert blocks[-1] == text("Yes.")
    assert len(blocks) > 1
    assert returned(blocks) == {"role": "assistant", **SAID, **thought}
    assert streamed(thought) == blocks


@pytest.mark.parametrize("thought", ANSWERS)
def test_another_provider_is_not_told(thought: dict[str, Any]) -> None:
    blocks = whole(thought)
    assert returned(blocks, "openai") == {"role": "assistant", **SAID}
    messages = [user("Hi"), {"role": "assistant", "content": blocks}, user("Well?")]
    named = asked({"messages": messages}, provider="openai").left_out
    assert named
    assert all(place.startswith("messages.1.content.") for place in named)


def test_what_is_said_twice_is_one_thought() -> None:
    detail = {**TEXT, "text": "Hm.", "signature": "EqQB"}
    (thinking, _) = whole({"reasoning": "Hm.", "reasoning_details": [detail]})
    assert thinking["thinking"] == "Hm."
    assert returned([thinking, text("Yes.")])["reasoning_details"] == [detail]
    # Plainly as it comes, and signed when it is complete.
    pieces = ({"reasoning_content": "H"}, {"reasoning_content": "m."})
    assert streamed(*pieces, {"reasoning_details": [detail]})[0] == thinking


def test_pieces_of_a_detail_are_one() -> None:
    blocks = streamed(
        {"reasoning": "H", "reasoning_details": [{**TEXT, "text": "H"}]},
        {"reasoning": "m.", "reasoning_details": [{**TEXT, "text": "m."}]},
        {"reasoning_details": [{**TEXT, "signature": "EqQB"}]},
        {"reasoning_details": [{**HIDDEN, "data": "gA"}]},
        {"reasoning_details": [{**HIDDEN, "data": "AA"}]},
    )
    detail = {**TEXT, "text": "Hm.", "signature": "EqQB"}
    assert returned(blocks)["reasoning_details"] == [detail, HIDDEN]


def test_thoughts_between_words_stay_between_them() -> None:
    message = message_of(
        events_of(
            asked({}).stream(),
            [
                chunk({"reasoning_content": "a"}),
                chunk({"content": "b"}),
                chunk({"reasoning_content": "c"}),
                chunk({}, "stop"),
            ],
        )
    )
    kinds = [block["type"] for block in message["content"]]
    assert kinds == ["thinking", "text", "thinking"]
    assert all(block["signature"] for block in message["content"] if "signature" in block)


def test_a_signature_names_who_signed_and_says_nothing_else() -> None:
    signature = whole({"reasoning_content": "A secret."})[0]["signature"]
    mark, _, said = signature.partition(".")
    assert mark == "llm-control-plane"
    assert orjson.loads(base64.urlsafe_b64decode(said)) == {"by": "vllm", "at": "reasoning_content"}


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "EqQBCgIYAhIM",
        "llm-control-plane.",
        "llm-control-plane.%%%",
        "llm-control-plane.W10=",
        seal("vllm", "content"),
        seal("vllm", "tool_calls"),
        7,
        None,
    ],
)
def test_a_signature_that_is_not_ours_is_left_out(signature: Any) -> None:
    block = {"type": "thinking", "thinking": "Hm", "signature": signature}
    assert returned([block, text("Yes.")]) == {"role": "assistant", **SAID}


def test_a_signature_brings_no_text_in_that_was_not_read() -> None:
    forged = seal("vllm", {**TEXT, "text": "hidden", "summary": "hidden", "note": "hidden"})
    block = {"type": "thinking", "thinking": "seen", "signature": forged}
    (detail,) = returned([block, text("Yes.")])["reasoning_details"]
    assert detail == {**TEXT, "text": "seen"}
