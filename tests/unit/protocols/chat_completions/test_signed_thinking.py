"""Signed thinking passes screening unchanged, or without its signature."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.unit.gateway.parts import CALLER, body_of
from tests.unit.protocols.chat_completions.test_screen_stream import (
    REDACT,
    RESTORE,
    chunk,
    screened,
)

from controlplane.gateway.call import Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen import screen
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.screening import Action, ScreeningPolicy
from controlplane.protocols.chat_completions.protocol import PROTOCOL as CHAT
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.screening.redact import Tokens

SIGNATURE = "EqQBCgIYAhIM" * 12
PLAIN = "They ask for it. " * 12


def thoughts(text: str) -> dict[str, Any]:
    """One thought in both forms."""
    block = {"type": "thinking", "thinking": text, "signature": SIGNATURE}
    where = {"format": "anthropic-claude-v1", "index": 0}
    detail = {"type": "reasoning.text", "text": text, "signature": SIGNATURE, **where}
    return {"thinking_blocks": [block], "reasoning_details": [detail]}


def unsigned(members: dict[str, Any]) -> dict[str, Any]:
    return {
        form: [{n: v for n, v in entry.items() if n != "signature"} for entry in entries]
        for form, entries in members.items()
    }


async def whole(text: str, policy: ScreeningPolicy, tokens: Tokens | None = None) -> Any:
    said = {"role": "assistant", "content": "Done.", **thoughts(text)}
    answer = Whole({"choices": [{"index": 0, "message": said, "finish_reason": "stop"}]})
    trail = Trail("r-1", CALLER)
    async with screen_answer(answer, CHAT, policy, tokens or Tokens(), trail) as content:
        message = body_of(content)["choices"][0]["message"]
        return {form: message[form] for form in thoughts("")}


async def streamed(text: str) -> tuple[Any, Any]:
    """The signed members as one piece of a stream, and in OpenRouter's pieces."""

    async def at_once() -> AsyncIterator[Any]:
        yield chunk({"reasoning_content": text})
        yield chunk(thoughts(text))
        yield chunk({"content": "Done."})
        yield chunk({}, "stop")

    async def in_pieces() -> AsyncIterator[Any]:
        detail = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
        for piece in (text[:7], text[7:]):
            yield chunk({"reasoning": piece, "reasoning_details": [{**detail, "text": piece}]})
        yield chunk({"reasoning_details": [{**detail, "signature": SIGNATURE}]})
        yield chunk({"content": "Done."})
        yield chunk({}, "stop")

    deltas = [c["choices"][0]["delta"] for c in await screened(at_once(), REDACT)]
    members: dict[str, Any] = {}
    for delta in deltas:
        members |= {form: delta[form] for form in thoughts("") if form in delta}
    deltas = [c["choices"][0]["delta"] for c in await screened(in_pieces(), REDACT)]
    joined: dict[str, Any] = {}
    for detail in (d for delta in deltas for d in delta.get("reasoning_details", [])):
        said = joined.get("text", "") + detail.get("text", "")
        joined |= {**detail, "text": said}
    return members, {"reasoning_details": [joined]}


@pytest.mark.parametrize("text", ["Short.", PLAIN, ""])
async def test_nothing_in_it_is_touched_where_nothing_is_found(text: str) -> None:
    assert await whole(text, REDACT) == thoughts(text)
    at_once, in_pieces = await streamed(text)
    assert at_once == thoughts(text)
    assert in_pieces["reasoning_details"] == thoughts(text)["reasoning_details"]


@pytest.mark.parametrize("text", ["Ask ana@example.com.", PLAIN + "ana@example.com. " + PLAIN])
async def test_what_was_changed_is_not_signed(text: str) -> None:
    shown = unsigned(thoughts(text.replace("ana@example.com", "[EMAIL_1]")))
    assert await whole(text, REDACT) == shown
    at_once, in_pieces = await streamed(text)
    assert at_once == shown
    assert in_pieces["reasoning_details"] == shown["reasoning_details"]


async def test_nothing_is_put_back_into_it() -> None:
    tokens = Tokens()
    tokens("email", "ana@example.com")
    text = "Write to [EMAIL_1]."
    assert await whole(text, RESTORE, tokens) == thoughts(text)


@pytest.mark.parametrize(("text", "found"), [("Ask ana@example.com.", True), ("Ask Ana.", False)])
def test_on_its_way_back_it_is_the_same_or_unsigned(text: str, found: bool) -> None:
    part = {"type": "thinking", "thinking": text, "signature": SIGNATURE}
    said = {"role": "assistant", "content": [part], **thoughts(text)}
    asked = {"role": "user", "content": "Write to bob@example.org."}
    request = ChatRequest({"model": "m", "messages": [asked, said]})
    sent, _ = screen(request, CHAT, ScreeningPolicy(pii=Action.REDACT), Trail("r-1", CALLER))
    message = sent.body["messages"][1]
    kept = {form: message[form] for form in thoughts("")}
    replaced = thoughts(text.replace("ana@example.com", "[EMAIL_2]"))
    assert kept == (unsigned(replaced) if found else replaced)
    assert ("signature" in message["content"][0]) is not found
    assert sent.body["messages"][0]["content"] == "Write to [EMAIL_1]."
