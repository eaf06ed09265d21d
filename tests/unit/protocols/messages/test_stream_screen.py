"""Streamed Messages under screening say what whole ones say, block by block; what was not changed
keeps its bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import zip_longest
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.parts import CALLER, body_of, chunks_of
from tests.wire_types.anthropic_types import EVENT

from controlplane.domain.inference import AsItCame, Event
from controlplane.errors import SensitiveData
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.screening import Answers, ScreeningPolicy
from controlplane.protocols.messages.protocol import PROTOCOL
from controlplane.screening.redact import Tokens

REDACT = ScreeningPolicy(responses=Answers.REDACT)
BLOCK = ScreeningPolicy(responses=Answers.BLOCK)
RESTORE = ScreeningPolicy(restore=True)
VALUES = ["ana@example.com", "bob@example.org", "4111 1111 1111 1111", "192.168.100.200"]
PLAIN = "It is 42, and so on, until the end of it."
TEXTS = st.lists(st.sampled_from([*VALUES, "Plain words.", PLAIN]), min_size=1, max_size=5).map(
    " and so ".join
)
# Kind of a block, and its text.
Said = list[tuple[str, str]]
DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


def event(kind: str, **members: Any) -> AsItCame:
    made = {"type": kind, **members}
    return AsItCame(made, json.dumps(made).encode())  # with blanks, as no writer of ours has them


def block_of(kind: str, index: int) -> dict[str, Any]:
    if kind == "tool_use":
        return {"type": kind, "id": f"toolu_{index}", "name": "f", "input": {}}
    return {"type": kind, kind: "", **({"signature": ""} if kind == "thinking" else {})}


def delta(index: int, kind: str, text: str) -> AsItCame:
    name, member = DELTAS[kind]
    return event("content_block_delta", index=index, delta={"type": name, member: text})


def spoken(blocks: list[tuple[str, list[str]]]) -> list[AsItCame]:
    """The events of a Message whose blocks come in these pieces."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
    }
    message |= {"stop_reason": None, "stop_sequence": None, "usage": usage}
    events = [event("message_start", message=message)]
    for index, (kind, pieces) in enumerate(blocks):
        events.append(
            event("content_block_start", index=index, content_block=block_of(kind, index))
        )
        for piece in pieces:
            events += [delta(index, kind, piece), event("ping")]
        if kind == "thinking":
            signed = {"type": "signature_delta", "signature": "c2lnbmVk"}
            events.append(event("content_block_delta", index=index, delta=signed))
        events.append(event("content_block_stop", index=index))
    ends = {"stop_reason": "end_turn", "stop_sequence": None}
    return [*events, event("message_delta", delta=ends, usage=usage), event("message_stop")]


async def screened(
    events: list[AsItCame],
    policy: ScreeningPolicy,
    tokens: Tokens | None = None,
    shown: list[Event] | None = None,
) -> list[Event]:
    shown = [] if shown is None else shown

    async def coming() -> AsyncIterator[Event]:
        for each in events:
            yield each

    answer = Streamed(coming())
    async with screen_answer(
        answer, PROTOCOL, policy, tokens or Tokens(), Trail("r-1", CALLER)
    ) as content:
        async for each in chunks_of(content):
            shown.append(each)
    return shown


def heard(events: list[Event]) -> Said:
    """The blocks and what they say; each delta is inside its block."""
    said: Said = []
    open_block: int | None = None
    for each in events:
        if each["type"] == "content_block_start":
            assert open_block is None
            open_block = each["index"]
            said.append((each["content_block"]["type"], ""))
        elif each["type"] == "content_block_stop":
            assert open_block == each["index"]
            open_block = None
        elif each["type"] == "content_block_delta":
            assert open_block == each["index"]
            kind, text = said[-1]
            said[-1] = kind, text + each["delta"].get(DELTAS[kind][1], "")
    return said


async def whole(said: Said, policy: ScreeningPolicy) -> Said:
    content = [
        {**block_of(kind, at), "input": orjson.loads(text)}
        if kind == "tool_use"
        else {**block_of(kind, at), kind: text}
        for at, (kind, text) in enumerate(said)
    ]
    answer = Whole({"type": "message", "content": content})
    async with screen_answer(answer, PROTOCOL, policy, Tokens(), Trail("r-1", CALLER)) as shown:
        blocks = body_of(shown)["content"]
    return [
        (
            kind,
            json.dumps(block["input"], separators=(",", ":"))
            if kind == "tool_use"
            else block[kind],
        )
        for (kind, _), block in zip(said, blocks, strict=True)
    ]


def cut(text: str, data: st.DataObject) -> list[str]:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=5)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@given(texts=st.lists(TEXTS, min_size=2, max_size=4), data=st.data())
def test_a_stream_says_what_the_whole_answer_says(texts: list[str], data: st.DataObject) -> None:
    said: Said = [("thinking", texts[0]), ("text", texts[1])]
    said += [("tool_use", f'{{"q":"{text}"}}') for text in texts[2:]]
    events = spoken([(kind, cut(text, data)) for kind, text in said])
    out = asyncio.run(screened(events, REDACT))
    assert heard(out) == asyncio.run(whole(said, REDACT))
    assert heard(out)[0] == said[0], "what is signed stays as it is"
    assert [fault for each in out for fault in EVENT.faults(each)] == []
    if any(value in text for value in VALUES for text in texts):
        with pytest.raises(SensitiveData):
            asyncio.run(screened(events, BLOCK))


@given(text=TEXTS, data=st.data())
def test_what_is_not_changed_keeps_its_bytes(text: str, data: st.DataObject) -> None:
    pieces = cut(f"{text} {PLAIN} {PLAIN}", data)
    came = spoken([("text", pieces), ("tool_use", ['{"q":', f'"{PLAIN}"}}'])])
    out = asyncio.run(screened(came, REDACT))
    raw = {each.raw for each in came}
    kept = [each for each in out if isinstance(each, AsItCame)]
    assert {each.raw for each in kept} <= raw
    assert all(each["delta"]["text"] for each in out if not isinstance(each, AsItCame))
    if not any(value in text for value in VALUES):
        assert len(kept) == len(out) == len(came)


async def test_a_clean_stream_goes_on_event_for_event() -> None:
    came = spoken([("thinking", ["Hm. ", PLAIN]), ("text", ["Plain ", "words."])])
    came = [each for each in came if each["type"] != "ping"]
    assert await screened(came, REDACT) == came
    assert await screened(came, BLOCK) == came


async def test_thinking_is_held_until_it_is_known_to_be_clean() -> None:
    came = spoken([("thinking", ["Ask ana@exa", "mple.com now."])])
    out: list[Event] = []
    with pytest.raises(SensitiveData) as caught:
        await screened(came, BLOCK, shown=out)
    assert "ana@example.com" not in str(caught.value)
    assert [each["type"] for each in out] == [
        "message_start",
        "content_block_start",
        "ping",
        "ping",
    ]


@given(value=st.sampled_from(VALUES), data=st.data())
def test_two_blocks_that_take_turns_let_no_value_through(value: str, data: st.DataObject) -> None:
    text = f"See {value} there. " * 3
    one = [delta(0, "text", piece) for piece in cut(text, data)]
    other = [delta(1, "tool_use", piece) for piece in cut(text, data)]
    turns = [each for pair in zip_longest(one, other) for each in pair if each is not None]
    starts = [
        event("content_block_start", index=at, content_block=block_of(kind, at))
        for at, kind in enumerate(("text", "tool_use"))
    ]
    out = asyncio.run(screened([*starts, *turns], REDACT))
    for index, member in enumerate(("text", "partial_json")):
        said = [each["delta"][member] for each in out[2:] if each["index"] == index]
        assert "".join(said).count(value) == 0


async def test_what_comes_beside_a_text_leaves_the_value_whole() -> None:
    cited = {"type": "citations_delta", "citation": {"cited_text": "Ask ana@example.com"}}
    came = spoken([("text", ["Ask bob@exam", "ple.org"])])
    came.insert(3, event("content_block_delta", index=0, delta=cited))
    out = await screened(came, REDACT)
    deltas = [each["delta"] for each in out if each["type"] == "content_block_delta"]
    assert deltas == [
        {"type": "citations_delta", "citation": {"cited_text": "Ask [EMAIL_1]"}},
        {"type": "text_delta", "text": "Ask [EMAIL_2]"},
    ]


async def test_values_come_back_in_text_and_in_the_json_of_a_call() -> None:
    tokens = Tokens()
    token = tokens("email", 'ana"@example.com')
    came = spoken(
        [
            ("thinking", [f"Ask {token}."]),
            ("text", ["Ask [EMA", "IL_1] now."]),
            ("tool_use", ['{"to":"[EMAIL', '_1]"}']),
        ]
    )
    thought, text, call = heard(await screened(came, RESTORE, tokens))
    assert thought == ("thinking", "Ask [EMAIL_1].")
    assert text == ("text", 'Ask ana"@example.com now.')
    assert orjson.loads(call[1]) == {"to": 'ana"@example.com'}


async def test_blocks_that_come_whole_are_looked_over_but_for_what_is_sealed() -> None:
    result = {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [
            {
                "type": "web_search_result",
                "title": "Ask ana@example.com",
                "url": "https://example.com",
                "encrypted_content": "ana@example.com",
                "page_age": None,
            }
        ],
    }
    thought = {"type": "redacted_thinking", "data": "ana@example.com"}
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"id": "ana@example.com"}}
    came = [
        event("content_block_start", index=0, content_block=result),
        event("content_block_stop", index=0),
        event("content_block_start", index=1, content_block=thought),
        event("content_block_stop", index=1),
        event("a_new_kind", note={"name": "Ask ana@example.com"}),
        event("content_block_start", index=2, content_block=call),
    ]
    out = await screened(came, REDACT)
    found = out[0]["content_block"]["content"][0]
    assert (found["title"], found["encrypted_content"]) == ("Ask [EMAIL_1]", "ana@example.com")
    assert out[2] is came[2]
    assert out[4] == {"type": "a_new_kind", "note": {"name": "Ask [EMAIL_1]"}}
    assert out[5]["content_block"] == call | {"input": {"id": "[EMAIL_1]"}}


@pytest.mark.parametrize("index", [[], {}, "0", None])
async def test_odd_events_go_through(index: Any) -> None:
    odd = [
        event("content_block_delta", index=index, delta={"type": "text_delta", "text": "a"}),
        event("content_block_delta", index=index, delta="text"),
        event("content_block_stop", index=index),
        event("message_start", message=None),
    ]
    assert sorted(await screened(odd, REDACT), key=str) == sorted(odd, key=str)


async def test_what_no_event_ends_leaves_all_the_same() -> None:
    came = spoken([("text", ["Ask ana@example.com"])])[:3]
    out = await screened(came, REDACT)
    assert out[-1]["delta"]["text"] == "Ask [EMAIL_1]"
