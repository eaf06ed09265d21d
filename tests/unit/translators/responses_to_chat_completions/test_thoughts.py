"""Thoughts in an envelope: opened for their maker, and by no one else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.pairs import TO_CHAT, Pair
from tests.unit.translators.refused import messages

from controlplane.domain.inference import ProtocolName
from controlplane.translators.responses_to_chat_completions.thoughts import Thoughts, opened

SIGNED = {"type": "reasoning.text", "text": "Hm.", "signature": "s", "format": "f", "index": 0}
BLOCK = {"type": "thinking", "thinking": "Hm.", "signature": "s"}


def sealed(*deltas: Any) -> str:
    thoughts = Thoughts()
    for delta in deltas:
        thoughts.add(delta)
    envelope = thoughts.sealed("me")
    assert envelope is not None
    return envelope


def read(envelope: str, summary: str = "") -> Any:
    """What an item with that envelope brings back."""
    told = [{"type": "summary_text", "text": summary}] if summary else []
    return opened({"type": "reasoning", "summary": told, "encrypted_content": envelope}, "me")


@pytest.mark.parametrize(
    ("deltas", "kept"),
    [
        ([{"reasoning_content": "a"}, {"reasoning_content": "b"}], {"reasoning_content": "ab"}),
        ([{"reasoning": "a"}, {"reasoning": "b"}], {"reasoning": "ab"}),
        (
            [{"reasoning_content": "a", "reasoning_details": [SIGNED]}],
            {"reasoning_details": [SIGNED]},
        ),
        ([{"thinking_blocks": [BLOCK]}], {"thinking_blocks": [BLOCK]}),
        (
            [{"thinking_blocks": [BLOCK], "reasoning_details": [SIGNED]}],
            {"reasoning_details": [SIGNED]},
        ),
        (
            [
                {"reasoning_details": [{"type": "reasoning.text", "text": "H", "index": 0}]},
                {"reasoning_details": [{"type": "reasoning.text", "text": "m.", "index": 0}]},
                {"reasoning_details": [{**SIGNED, "text": ""}]},
                {"reasoning_details": [SIGNED]},
            ],
            {"reasoning_details": [SIGNED, SIGNED]},
        ),
        (
            [
                {"thinking_blocks": [{"type": "thinking", "thinking": "H"}]},
                {"thinking_blocks": [{"type": "thinking", "thinking": "m.", "signature": "s"}]},
                {"thinking_blocks": [{"type": "redacted_thinking", "data": "x"}]},
                {"thinking_blocks": [{"type": "redacted_thinking", "data": "y"}]},
            ],
            {
                "thinking_blocks": [
                    BLOCK,
                    {"type": "redacted_thinking", "data": "x"},
                    {"type": "redacted_thinking", "data": "y"},
                ]
            },
        ),
    ],
)
def test_what_is_kept_is_what_was_thought(deltas: list[Any], kept: Any) -> None:
    assert read(sealed(*deltas), "ab") == kept


@pytest.mark.parametrize("delta", [{"reasoning": "a"}, {"thinking_blocks": [BLOCK] * 9}])
def test_an_envelope_looks_like_what_it_stands_for(delta: Any) -> None:
    """Screening passes over what can be nothing but encrypted: long, and of these characters."""
    assert re.fullmatch(r"[A-Za-z0-9+/_-]{256,}={0,2}", sealed(delta))


def test_a_forged_envelope_is_read_as_ours_is() -> None:
    assert read(forged({"maker": "me", "thinking_blocks": [BLOCK]})) == {"thinking_blocks": [BLOCK]}


def test_nothing_is_no_envelope() -> None:
    thoughts = Thoughts()
    assert thoughts.add({"content": "a", "reasoning_content": ""}) == ""
    assert thoughts.sealed("me") is None


@given(st.text(max_size=40))
def test_what_is_no_envelope_of_ours_says_nothing(text: str) -> None:
    assert read(text, "Hm.") is None
    assert read(f"llm-cp-1-{text}", "Hm.") is None


@given(st.data())
def test_a_damaged_envelope_says_nothing(data: Any) -> None:
    envelope = sealed({"reasoning_details": [SIGNED]})
    place = data.draw(st.integers(0, len(envelope) - 1))
    other = data.draw(st.characters().filter(lambda character: character != envelope[place]))
    assert read(envelope[:place] + other + envelope[place + 1 :], "Hm.") is None
    assert read(envelope[:place], "Hm.") is None


def forged(content: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    return f"llm-cp-1-{hashlib.sha256(body.encode()).hexdigest()[:16]}-{body}"


@pytest.mark.parametrize(
    "content",
    [
        {"content": "unseen", "role": "system", "tool_calls": []},
        {"reasoning_content": "unseen"},
        {"told": "content"},
        {"told": ["reasoning_content"]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "unseen"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "unseen", "signature": ""}]},
        {"thinking_blocks": {"signature": "s"}},
    ],
)
def test_an_envelope_that_a_caller_made_brings_in_nothing_that_no_maker_knows(content: Any) -> None:
    assert read(forged({"maker": "me", **content}), "Hm.") is None


def test_what_is_not_sealed_is_read_where_it_is_screened() -> None:
    assert read(sealed({"reasoning_content": "secret"}), "[redacted]") == {
        "reasoning_content": "[redacted]"
    }
    assert read(sealed({"reasoning_content": "secret"})) is None


def thought(pair: Pair, **message: Any) -> Any:
    """The reasoning item of an answer."""
    asked = {"model": "m", "input": "x", "include": ["reasoning.encrypted_content"]}
    choice = {"message": {"role": "assistant", "content": "a", **message}, "finish_reason": "stop"}
    answer = {"id": "1", "created": 5, "model": "m", "choices": [choice]}
    return pair.translate(asked).whole(answer)["output"][0]


def test_what_a_model_thought_goes_back_to_it() -> None:
    item = thought(TO_CHAT, reasoning_content="Hm.", reasoning_details=[SIGNED])
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    (told,) = messages(item, call)
    assert told["reasoning_details"] == [SIGNED]
    assert "reasoning_content" not in told


def test_the_thoughts_of_one_turn_are_joined() -> None:
    first = thought(TO_CHAT, reasoning_details=[SIGNED])
    (told,) = messages(first, {"role": "assistant", "content": "a"}, first)
    assert told["reasoning_details"] == [SIGNED, SIGNED]


def test_another_model_is_not_told_and_the_caller_is() -> None:
    other = Pair(ProtocolName.RESPONSES, ProtocolName.CHAT_COMPLETIONS, "another-model")
    body = {
        "model": "m",
        "input": [thought(other, reasoning_content="Hm."), {"role": "user", "content": "x"}],
    }
    translation = TO_CHAT.translate(body)
    assert translation.request.body["messages"] == [{"role": "user", "content": "x"}]
    assert translation.left_out == ("input.0",)


def test_thoughts_without_words_of_the_assistant_are_no_message_and_named() -> None:
    item = thought(TO_CHAT, reasoning_content="Hm.")
    user = {"role": "user", "content": "x"}
    translation = TO_CHAT.translate({"model": "m", "input": [item, user]})
    assert translation.request.body["messages"] == [user]
    assert translation.left_out == ("input.0",)
