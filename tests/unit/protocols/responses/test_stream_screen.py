"""A stream under screening says what the whole answer says, in deltas and where it repeats them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.parts import CALLER, body_of, chunks_of
from tests.unit.protocols.responses.answers import (
    Cut,
    Item,
    check,
    check_whole,
    custom_call,
    function_call,
    in_one,
    message,
    reasoning,
    refused,
    response,
    stream,
)

from controlplane.domain.inference import AsItCame
from controlplane.errors import SensitiveData
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.screening import Answers, ScreeningPolicy
from controlplane.protocols.responses.protocol import PROTOCOL
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
ITEMS = st.one_of(
    # A whole answer is looked at over the edges of adjacent parts, so they end with a sentence.
    st.lists(TEXTS, max_size=2).map(lambda texts: reasoning(*(f"{text}.\n" for text in texts))),
    st.builds(message, TEXTS, logprobs=st.booleans()),
    TEXTS.map(refused),
    TEXTS.map(function_call),
    TEXTS.map(custom_call),
)


async def came(events: list[dict[str, Any]]) -> AsyncIterator[AsItCame]:
    for event in events:
        yield AsItCame(event, json.dumps(event).encode())


async def screened(
    events: list[dict[str, Any]], policy: ScreeningPolicy, tokens: Tokens | None = None
) -> list[Any]:
    trail = Trail("r-1", CALLER)
    content = Streamed(came(events))
    async with screen_answer(content, PROTOCOL, policy, tokens or Tokens(), trail) as shown:
        return [each async for each in chunks_of(shown)]


async def whole(answer: dict[str, Any], policy: ScreeningPolicy, tokens: Tokens) -> Any:
    content = Whole(AsItCame(answer, b"..."))
    async with screen_answer(content, PROTOCOL, policy, tokens, Trail("r", CALLER)) as shown:
        return body_of(shown)


def joined(events: list[dict[str, Any]]) -> dict[tuple[Any, ...], str]:
    """What the deltas say, by the place of their text."""
    said: dict[tuple[Any, ...], str] = {}
    for event in events:
        if event["type"].endswith(".delta"):
            place = _place(event)
            said[place] = said.get(place, "") + event["delta"]
    return said


def _place(event: dict[str, Any]) -> tuple[Any, ...]:
    name = event["type"].rpartition(".")[0]
    return name, *(event.get(n) for n in ("output_index", "content_index", "summary_index"))


def repeated(events: list[dict[str, Any]]) -> dict[tuple[Any, ...], str]:
    """What the events say that end a text."""
    members = ("text", "refusal", "arguments", "input")
    return {
        _place(event): event[member]
        for event in events
        if event["type"].endswith(".done")
        for member in members
        if member in event
    }


def parts(events: list[dict[str, Any]]) -> list[Any]:
    return [each["part"] for each in events if each["type"].endswith("part.done")]


def cutting(data: st.DataObject) -> Cut:
    def cut(text: str) -> list[str]:
        cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=5)))
        return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    return cut


@given(st.lists(ITEMS, min_size=1, max_size=4), st.data())
def test_a_stream_says_what_the_whole_answer_says(items: list[Item], data: st.DataObject) -> None:
    answer = response(*items)
    expected = asyncio.run(whole(answer, REDACT, Tokens()))
    shown = asyncio.run(screened(stream(answer, cutting(data)), REDACT))
    assert not any(value in json.dumps([expected, shown]) for value in VALUES)
    assert shown[-1]["type"] == "response.completed"
    assert shown[-1]["response"] == expected
    items_done = [each["item"] for each in shown if each["type"] == "response.output_item.done"]
    assert items_done == expected["output"]
    assert parts(shown) == [
        part
        for item in expected["output"]
        for part in (*item.get("content", ()), *item.get("summary", ()))
    ]
    assert joined(shown) == {place: text for place, text in repeated(shown).items() if text}
    assert repeated(shown) == repeated(stream(expected))
    check(shown)
    check_whole(dict(expected))


@given(st.lists(TEXTS, min_size=1, max_size=3), st.data())
def test_values_are_put_back_alike(texts: list[str], data: st.DataObject) -> None:
    tokens = Tokens()
    names = {value: tokens(kind, value) for kind, value in zip("abcd", VALUES, strict=True)}
    tokens.originals[names[VALUES[0]]] = 'a "quoted" value'

    def asked(text: str) -> str:
        for value, name in names.items():
            text = text.replace(value, name)
        return text

    items = [message(*map(asked, texts)), function_call(asked(texts[0]))]
    answer = response(*items)
    expected = asyncio.run(whole(answer, RESTORE, tokens))
    shown = asyncio.run(screened(stream(answer, cutting(data)), RESTORE, tokens))
    assert shown[-1]["response"] == expected
    assert joined(shown) == repeated(shown) == repeated(stream(expected))
    argument = json.loads(expected["output"][1]["arguments"])["q"]
    assert argument == texts[0].replace(VALUES[0], 'a "quoted" value')


async def test_what_is_not_changed_keeps_its_bytes() -> None:
    answer = response(message("Plain words.", logprobs=True), function_call("of no value"))
    events = stream(answer, in_one)
    shown = await screened(events, REDACT)
    assert [dict(each) for each in shown if not each["type"].endswith(".delta")] == [
        event for event in events if not event["type"].endswith(".delta")
    ]
    assert all(isinstance(e, AsItCame) for e in shown if not e["type"].endswith(".delta"))
    came_back = await whole(answer, REDACT, Tokens())
    assert isinstance(came_back, AsItCame)


async def test_a_changed_text_loses_what_shows_it_again() -> None:
    shown = await screened(stream(response(message("To ana@example.com", logprobs=True))), REDACT)
    assert "ana@example.com" not in json.dumps(shown)
    assert all(each["logprobs"] == [] for each in shown if "logprobs" in each)
    assert shown[-1]["response"]["output"][0]["content"][0]["logprobs"] == []
    check(shown)


async def test_citations_are_looked_at_too() -> None:
    item = message("See the page.")
    citation = {
        "type": "url_citation",
        "url": "https://example.com/?who=ana@example.com",
        "title": "Of ana@example.com",
        "start_index": 0,
        "end_index": 3,
    }
    item["content"][0]["annotations"] = [citation]
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "annotation_index": 0}
    added = {"type": "response.output_text.annotation.added", **at, "sequence_number": 6}
    events = stream(response(item))
    shown = await screened([*events[:5], {**added, "annotation": citation}, *events[5:]], REDACT)
    assert "ana@example.com" not in json.dumps(shown)
    check([event for event in shown if event["type"] != "response.output_text.annotation.added"])


async def test_an_event_of_an_unknown_type_is_looked_at_as_a_whole() -> None:
    odd = {"type": "response.thing.said", "words": ["of ana@example.com"], "sequence_number": 9}
    delta = {"type": "response.thing.delta", "delta": "ana@exam", "output_index": 0}
    rest = {**delta, "delta": "ple.com"}
    shown = await screened([odd, {**delta, "sequence_number": 10}, rest], REDACT)
    assert shown[0]["words"] == ["of [EMAIL_1]"]
    assert "".join(each.get("delta", "") for each in shown) == "[EMAIL_1]"


async def test_blocked_values_end_the_stream() -> None:
    events = stream(response(message("Plain words."), function_call("ana@example.com")))
    with pytest.raises(SensitiveData) as caught:
        await screened(events, BLOCK)
    assert caught.value.code == "pii_detected"


@pytest.mark.parametrize("silent", [".done", ".delta", ""])
async def test_servers_that_leave_events_out(silent: str) -> None:
    answer = response(message("Write to ana@example.com, now."))
    kinds = [f"response.output_text{silent}", *(["response.output_text.delta"] * (not silent))]
    events = [e for e in stream(answer) if e["type"] not in kinds]
    if not silent:
        events = [e for e in events if "part" not in e and e["type"] != "response.output_text.done"]
    shown = await screened(events, REDACT)
    assert shown[-1]["response"]["output"][0]["content"][0]["text"] == "Write to [EMAIL_1], now."
    assert "ana@example.com" not in json.dumps(shown)
    said = "".join(joined(shown).values())
    assert said == ("" if silent != ".done" else "Write to [EMAIL_1], now.")


async def test_numbers_do_not_go_back_where_two_texts_take_turns() -> None:
    first, second = message("To ana@example.com and on."), message("To bob@example.org and on.")
    events = stream(response(first, second), lambda text: [text[:9], text[9:]])
    is_of = [e.get("output_index") for e in events]
    begin, end = events[:2], events[-1:]
    ones = [e for e, index in zip(events, is_of, strict=True) if index == 0]
    others = [e for e, index in zip(events, is_of, strict=True) if index == 1]
    mixed = [each for pair in zip(ones, others, strict=True) for each in pair]
    mixed = [{**e, "sequence_number": n} for n, e in enumerate([*begin, *mixed, *end])]
    shown = await screened(mixed, REDACT)
    check(shown)
    assert sorted(joined(shown).values()) == ["To [EMAIL_1] and on.", "To [EMAIL_2] and on."]
