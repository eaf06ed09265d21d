"""Streamed Messages under screening say what whole ones say, block by block; what was not changed
keeps its bytes."""

from __future__ import annotations

import asyncio
from itertools import zip_longest
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.protocols.messages.spoken import (
    BLOCK,
    PLAIN,
    REDACT,
    RESTORE,
    TEXTS,
    VALUES,
    Said,
    block_of,
    cut,
    delta,
    event,
    heard,
    screened,
    spoken,
    whole,
)
from tests.wire_types.anthropic_types import EVENT

from controlplane.domain.inference import AsItCame, Event
from controlplane.errors import SensitiveData
from controlplane.screening.redact import Tokens


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
    said: Said = [
        ("thinking", "[EMAIL_1]"),
        ("text", "[EMAIL_1]"),
        ("tool_use", '{"q":"[EMAIL_1]"}'),
    ]
    restored = await whole(said, RESTORE, tokens)
    assert [shown for _, shown in restored[:2]] == ["[EMAIL_1]", 'ana"@example.com']
    assert orjson.loads(restored[2][1]) == {"q": 'ana"@example.com'}


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
