"""Signed thinking goes out with an answer and comes back with the next request."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.translators.chat_completions_to_messages.asked import OPUS, SONNET, TOOL, USER, body
from tests.unit.translators.chat_completions_to_messages.left_out import left_out
from tests.unit.translators.chat_completions_to_messages.test_response import choice, message
from tests.unit.translators.chat_completions_to_messages.test_stream import (
    DELTA,
    START,
    STOP,
    chunks_of,
    wire,
)

from controlplane.local.simulator.anthropic.parameters import refuse_parameters
from controlplane.translators.chat_completions_to_messages.request import translate

SIGNED = {"type": "thinking", "thinking": "They greet.", "signature": "EqQB"}
HIDDEN = {"type": "redacted_thinking", "data": "Emww"}
OMITTED = {"type": "thinking", "thinking": "", "signature": "EqQC"}
TEXT = {"type": "text", "text": "Hi."}
USE = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "1"}
FORMS = ["thinking_blocks", "reasoning_details"]


def streamed_events(*blocks: Any) -> bytes:
    """The blocks as they stream, thinking and its signature in pieces."""
    events: list[Any] = [START]
    for index, block in enumerate(blocks):
        at = {"index": index}
        if block["type"] == "thinking":
            begun = {"type": "thinking", "thinking": "", "signature": ""}
            events.append({"type": "content_block_start", **at, "content_block": begun})
            for name, kind in (("thinking", "thinking_delta"), ("signature", "signature_delta")):
                for piece in (block[name][:2], block[name][2:]):
                    delta = {"type": kind, name: piece}
                    events.append({"type": "content_block_delta", **at, "delta": delta})
        else:
            events.append({"type": "content_block_start", **at, "content_block": block})
        events.append({"type": "content_block_stop", **at})
    return wire(*events, DELTA, STOP)


async def assembled(*blocks: Any) -> dict[str, Any]:
    """The message as a client puts it together from the chunks."""
    chunks, error = await chunks_of(streamed_events(*blocks))
    assert error is None
    whole: dict[str, Any] = {}
    for delta in [c["choices"][0]["delta"] for c in chunks if c["choices"]]:
        for name, value in delta.items():
            whole[name] = whole[name] + value if whole.get(name) and value else value
    return whole


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "thoughts", [[SIGNED], [HIDDEN], [OMITTED], [SIGNED, HIDDEN, OMITTED], [HIDDEN, SIGNED]]
)
async def test_there_and_back(thoughts: list[Any], streamed: bool, form: str) -> None:
    said = (
        await assembled(*thoughts, TEXT)
        if streamed
        else choice(message(*thoughts, TEXT))["message"]
    )
    kept = {name: value for name, value in said.items() if name not in FORMS or name == form}
    out = translate(body(USER, kept, USER, reasoning_effort="low"), OPUS)
    assert out["messages"][1]["content"] == [*thoughts, TEXT]
    refuse_parameters(out)


async def test_a_client_that_sends_all_back_sends_each_thought_once() -> None:
    said = choice(message(SIGNED, TEXT, USE))["message"]
    assert said["reasoning_content"] == "They greet."
    out = translate(body(USER, said, RESULT), SONNET)
    assert out["messages"][1]["content"] == [SIGNED, TEXT, USE]
    assert left_out(body(USER, said, RESULT), SONNET) == ()


def test_without_a_signature_there_is_nothing_to_send_back() -> None:
    said = choice(message({"type": "thinking", "thinking": "Hm"}, TEXT))["message"]
    assert said["reasoning_content"] == "Hm"
    assert said.keys().isdisjoint(FORMS)


@pytest.mark.parametrize(
    "foreign",
    [
        {"thinking_blocks": [{"type": "thinking", "thinking": "x"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "x", "signature": ""}]},
        {"thinking_blocks": "x"},
        {"thinking_blocks": [None, 7, {"type": "redacted_thinking"}]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "x"}]},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "x"}]},
        {
            "reasoning_details": [
                {"type": "reasoning.encrypted", "data": "x", "format": "openai-responses-v1"},
                {"type": "reasoning.encrypted", "data": "x"},
                {"type": "reasoning.text", "signature": "x", "format": "google-gemini-v1"},
            ]
        },
    ],
)
def test_what_is_not_ours_is_dropped(foreign: Any) -> None:
    request = body(USER, {"role": "assistant", "content": "Hi.", **foreign}, USER)
    assert translate(request, SONNET)["messages"][1]["content"] == [TEXT]
    assert left_out(request, SONNET) == ()


def test_parts_of_a_message_may_be_thoughts() -> None:
    unsigned = {"type": "thinking", "thinking": "x"}
    said = {"role": "assistant", "content": [SIGNED, unsigned, TEXT], "thinking_blocks": [SIGNED]}
    assert translate(body(USER, said, USER), SONNET)["messages"][1]["content"] == [SIGNED, TEXT]


def test_thoughts_alone_are_no_turn_and_an_answer_does_not_go_on_from_them() -> None:
    alone = {"role": "assistant", "content": "", "thinking_blocks": [SIGNED]}
    assert len(translate(body(USER, alone, USER), SONNET)["messages"]) == 1
    begun = {"role": "assistant", "content": "So", "thinking_blocks": [SIGNED]}
    out = translate(body(USER, begun), SONNET)
    assert out["messages"][1]["content"] == [{"type": "text", "text": "So"}]


@pytest.mark.parametrize(("signed", "thinks"), [(True, True), (False, False)])
def test_with_a_budget_tools_go_on_after_signed_thoughts(signed: bool, thinks: bool) -> None:
    said = choice(message(SIGNED, USE))["message"]
    if not signed:
        said = {name: value for name, value in said.items() if name not in FORMS}
    request = body(USER, said, RESULT, tools=[TOOL], reasoning_effort="high")
    out = translate(request, SONNET)
    assert ("thinking" in out) is thinks
    assert left_out(request, SONNET) == (() if thinks else ("reasoning_effort",))
    refuse_parameters(out)
