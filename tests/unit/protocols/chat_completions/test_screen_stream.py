"""Streams under screening say what whole answers say, in the order in which it was said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.parts import CALLER, body_of, chunks_of
from tests.unit.translators.chat_completions_to_messages.test_reported import (
    CASES,
    MODEL,
    request,
    upstream,
)

from controlplane.domain.routing import Timeouts
from controlplane.errors import SensitiveData
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.screening import Answers, ScreeningPolicy
from controlplane.protocols.chat_completions.protocol import PROTOCOL as CHAT
from controlplane.screening.redact import Tokens

REDACT = ScreeningPolicy(responses=Answers.REDACT)
BLOCK = ScreeningPolicy(responses=Answers.BLOCK)
RESTORE = ScreeningPolicy(restore=True)
VALUES = ["ana@example.com", "bob@example.org", "4111 1111 1111 1111", "192.168.100.200"]
TEXTS = st.lists(
    st.sampled_from([*VALUES, "Plain words.", "It is 42, and so on, until the end of it."]),
    min_size=1,
    max_size=5,
).map(" and so ".join)
# Who says something: its name, or the number of a call.
Said = list[tuple[str | int, str]]


def delta_of(speaker: str | int, text: str) -> dict[str, Any]:
    if isinstance(speaker, str):
        return {speaker: text}
    return {"tool_calls": [{"index": speaker, "function": {"arguments": text}}]}


def chunk(delta: Any, ends: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": ends, "logprobs": None}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}


async def spoken(pieces: Said) -> AsyncIterator[dict[str, Any]]:
    """The chunks of an answer; a call begins with its name."""
    yield chunk({"role": "assistant", "content": "", "refusal": None})
    begun: set[int] = set()
    for speaker, text in pieces:
        if isinstance(speaker, int) and speaker not in begun:
            begun.add(speaker)
            function = {"name": f"f{speaker}", "arguments": ""}
            call = {"index": speaker, "id": f"c{speaker}", "type": "function"}
            yield chunk({"tool_calls": [{**call, "function": function}]})
        yield chunk(delta_of(speaker, text))
    yield chunk({}, "tool_calls")
    yield {"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": {}}


async def screened(chunks: AsyncIterator[Any], policy: ScreeningPolicy) -> list[dict[str, Any]]:
    trail = Trail("r-1", CALLER)
    async with screen_answer(Streamed(chunks), CHAT, policy, Tokens(), trail) as content:
        return [dict(each) async for each in chunks_of(content)]


def heard(chunks: list[dict[str, Any]]) -> Said:
    """Who said what, in order; a call begins with its name."""
    said: Said = []

    def hear(speaker: str | int, text: str | None) -> None:
        if text and said and said[-1][0] == speaker:
            said[-1] = (speaker, said[-1][1] + text)
        elif text:
            said.append((speaker, text))

    for each in chunks:
        for choice in each.get("choices", ()):  # a sign of life has none
            delta = choice["delta"]
            hear("reasoning_content", delta.get("reasoning_content"))
            hear("content", delta.get("content"))
            for call in delta.get("tool_calls", []):
                hear(call["index"], call["function"].get("name"))
                hear(call["index"], call["function"].get("arguments"))
    return said


async def whole(said: Said, policy: ScreeningPolicy) -> Said:
    texts = {speaker: text for speaker, text in said if isinstance(speaker, str)}
    message: dict[str, Any] = {"role": "assistant", "content": None, **texts}
    message["tool_calls"] = [
        {"id": f"c{n}", "type": "function", "function": {"name": f"f{n}", "arguments": text}}
        for n, text in said
        if isinstance(n, int)
    ]
    answer = Whole({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    async with screen_answer(answer, CHAT, policy, Tokens(), Trail("r-1", CALLER)) as content:
        shown = body_of(content)["choices"][0]["message"]
    calls = [call["function"] for call in shown["tool_calls"]]
    return [
        (who, shown[who] if isinstance(who, str) else f"f{who}" + calls[who]["arguments"])
        for who, _ in said
    ]


def cut(said: Said, data: st.DataObject) -> Said:
    pieces: Said = []
    for speaker, text in said:
        cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=5)))
        edges = zip([0, *cuts], [*cuts, len(text)], strict=True)
        pieces += [(speaker, text[a:b]) for a, b in edges]
    return pieces


@given(texts=st.lists(TEXTS, min_size=2, max_size=4), data=st.data())
def test_a_stream_says_what_the_whole_answer_says_in_its_order(
    texts: list[str], data: st.DataObject
) -> None:
    said: Said = [("reasoning_content", texts[0]), ("content", texts[1])]
    said += list(enumerate(f'{{"q":"{text}"}}' for text in texts[2:]))
    out = asyncio.run(screened(spoken(cut(said, data)), REDACT))
    assert heard(out) == asyncio.run(whole(said, REDACT))
    ends = [choice["finish_reason"] for each in out for choice in each["choices"]]
    assert [end for end in ends if end] == [ends[-1]] == ["tool_calls"]
    if any(value in text for value in VALUES for text in texts):
        with pytest.raises(SensitiveData):
            asyncio.run(screened(spoken(cut(said, data)), BLOCK))


@given(value=st.sampled_from(VALUES), data=st.data())
def test_two_that_take_turns_let_no_value_through(value: str, data: st.DataObject) -> None:
    text = f"See {value} there. " * 3
    one, other = cut([("content", text)], data), cut([(0, text)], data)
    pieces = [piece for pair in zip(one, other, strict=False) for piece in pair]
    rest = max(one, other, key=len)[min(len(one), len(other)) :]
    out = heard(asyncio.run(screened(spoken([*pieces, *rest]), REDACT)))
    for speaker in ("content", 0):
        assert "".join(t for who, t in out if who == speaker).count(value) == 0


async def test_what_users_have_reported_keeps_its_order() -> None:
    case = CASES["screened-stream-reorders"]
    provider = upstream(case["upstream_reply"]).provider
    out = await screened(provider.prepare(request(case), MODEL).stream(Timeouts()), REDACT)
    assert [[str(who), text.removeprefix("look")] for who, text in heard(out)] == (
        case["right"]["order"]
    )


async def test_two_calls_in_one_chunk_are_two_that_speak() -> None:
    async def both() -> AsyncIterator[dict[str, Any]]:
        calls = [
            {"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": f"{{{n}}}"}}
            for n in range(2)
        ]
        yield chunk({"role": "assistant", "content": "So.", "tool_calls": calls})
        yield chunk({}, "tool_calls")

    out = await screened(both(), REDACT)
    said = [
        (name, value if name == "content" else (value[0].get("index", 0), value[0]["function"]))
        for each in out
        for name, value in each["choices"][0]["delta"].items()
        if name != "role" and value
    ]
    assert said == [
        ("content", "So."),
        ("tool_calls", (0, {"name": "f", "arguments": ""})),
        ("tool_calls", (0, {"arguments": "{0}"})),
        ("tool_calls", (1, {"name": "f", "arguments": ""})),
        ("tool_calls", (1, {"arguments": "{1}"})),
    ]


@pytest.mark.parametrize("delta", [{"audio": {"data": "{}"}}, {"signature": "{}"}, {"note": "{}"}])
async def test_a_text_is_screened_under_any_name(delta: Any) -> None:
    async def named() -> AsyncIterator[dict[str, Any]]:
        yield chunk(filled(delta, "Ask ana@example.com."))
        yield chunk({}, "stop")

    def filled(value: Any, text: str) -> Any:
        if isinstance(value, dict):
            return {name: filled(member, text) for name, member in value.items()}
        return text

    out = await screened(named(), REDACT)
    shown = [c["choices"][0]["delta"] for c in out if c["choices"][0]["delta"]]
    assert shown[-1] == filled(delta, "Ask [EMAIL_1].")
