"""Answers under `screening.responses` and `screening.restore`, whole and cut into any chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.parts import CALLER, body_of, chunks_of

from controlplane.errors import SensitiveData
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.screening import Answers, ScreeningPolicy
from controlplane.protocols.chat_completions.protocol import PROTOCOL as CHAT
from controlplane.screening.redact import Tokens
from controlplane.screening.stream_buffer import HELD_CHARACTERS

KEY = "sk-proj-" + "aB3dE6gH9j" * 12
SECRETS = ["ana@example.com", "+44 20 7946 0958", "4111 1111 1111 1111", "192.168.100.200", KEY]
PLAIN = "Plain words, and more of them, until nothing of it can be a value any more. " * 3


def completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {"id": "c-1", "object": "chat.completion", "model": "m", "choices": [choice]}


async def chunks(pieces: list[str], **extra: Any) -> AsyncIterator[dict[str, Any]]:
    def chunk(delta: dict[str, Any], ends: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": ends, "logprobs": None}
        return {"id": "c-1", "object": "chat.completion.chunk", "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces:
        yield chunk({"content": piece})
    yield chunk({}, "stop")
    yield {"id": "c-1", "object": "chat.completion.chunk", "choices": [], "usage": {}}


async def whole(text: str, policy: ScreeningPolicy, tokens: Tokens | None = None) -> str:
    trail = Trail("r-1", CALLER)
    answer = Whole(completion(text))
    async with screen_answer(answer, CHAT, policy, tokens or Tokens(), trail) as screened:
        content: str = body_of(screened)["choices"][0]["message"]["content"]
        return content


async def streamed(
    pieces: list[str], policy: ScreeningPolicy, tokens: Tokens | None = None
) -> list[dict[str, Any]]:
    trail = Trail("r-1", CALLER)
    answer = Streamed(chunks(pieces))
    async with screen_answer(answer, CHAT, policy, tokens or Tokens(), trail) as screened:
        return [dict(chunk) async for chunk in chunks_of(screened)]


def text(out: list[dict[str, Any]]) -> str:
    return "".join(
        choice["delta"].get("content") or "" for chunk in out for choice in chunk["choices"]
    )


REDACT = ScreeningPolicy(responses=Answers.REDACT)
BLOCK = ScreeningPolicy(responses=Answers.BLOCK)


@pytest.mark.parametrize("value", SECRETS)
async def test_a_whole_answer(value: str) -> None:
    content = f"Here: {value}, as asked."
    assert await whole(content, ScreeningPolicy()) == content
    shown = await whole(content, REDACT)
    assert value not in shown
    assert shown.startswith("Here: [")
    assert shown.endswith(", as asked.")
    with pytest.raises(SensitiveData) as caught:
        await whole(content, BLOCK)
    assert value not in str(caught.value)
    assert caught.value.param == "choices.0.message.content"


@given(st.data())
def test_a_stream_cut_anywhere_says_what_the_whole_answer_says(data: st.DataObject) -> None:
    import asyncio

    value = data.draw(st.sampled_from(SECRETS))
    content = f"{data.draw(st.sampled_from(['', PLAIN]))}See {value}, and {value} {PLAIN}end"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=40)))
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    out = asyncio.run(streamed(pieces, REDACT))
    assert text(out) == asyncio.run(whole(content, REDACT))
    assert value not in "".join(map(str, out))
    with pytest.raises(SensitiveData):
        asyncio.run(streamed(pieces, BLOCK))


async def test_one_character_at_a_time_and_a_bounded_delay() -> None:
    content = PLAIN + KEY + " " + PLAIN
    out = await streamed(list(content), REDACT)
    assert text(out) == f"{PLAIN}[SECRET_1] {PLAIN}"
    seen = 0
    trail = Trail("r-1", CALLER)
    answer = Streamed(chunks(list(PLAIN)))
    async with screen_answer(answer, CHAT, REDACT, Tokens(), trail) as screened:
        async for chunk in chunks_of(screened):
            seen += len(text([dict(chunk)]))
            if seen:
                break
    assert 0 < seen <= HELD_CHARACTERS


async def test_the_stream_keeps_its_shape() -> None:
    out = await streamed(["Hello ", "there"], REDACT)
    assert out[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [c["choices"][0]["finish_reason"] for c in out if c["choices"]][-1] == "stop"
    assert out[-1]["choices"] == []
    assert text(out) == "Hello there"
    plain = [dict(chunk) async for chunk in chunks(["Hello ", "there"])]
    assert await streamed(["Hello ", "there"], ScreeningPolicy()) == plain


async def test_redacted_values_come_back_where_the_policy_restores() -> None:
    tokens = Tokens()
    assert tokens("email", 'ana"x"@example.com') == "[EMAIL_1]"
    policy = ScreeningPolicy(restore=True)
    content = "Write to [EMAIL_1] or [EMAIL_2] or [x]."
    expected = 'Write to ana"x"@example.com or [EMAIL_2] or [x].'
    assert await whole(content, policy, tokens) == expected
    assert text(await streamed(list(content), policy, tokens)) == expected
    assert await whole(content, ScreeningPolicy(), tokens) == content


async def test_arguments_of_tools_are_screened_and_stay_json() -> None:
    async def calls() -> AsyncIterator[dict[str, Any]]:
        for piece in ['{"to":"ana@exa', 'mple.com","n":1}']:
            call = {"index": 1, "function": {"arguments": piece}}
            choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
            yield {"id": "c", "choices": [choice]}
        yield {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}

    trail = Trail("r-1", CALLER)
    async with screen_answer(Streamed(calls()), CHAT, REDACT, Tokens(), trail) as screened:
        got = [dict(chunk) async for chunk in chunks_of(screened)]
    parts = [
        entry
        for chunk in got
        for choice in chunk["choices"]
        for entry in choice["delta"].get("tool_calls", [])
    ]
    assert {entry["index"] for entry in parts} == {1}
    joined = "".join(entry["function"]["arguments"] for entry in parts)
    assert joined == '{"to":"[EMAIL_1]","n":1}'
    assert got[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert trail.screening == {"answer_email": 1}
