"""What was used: read from whole answers, and heard of streamed ones."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.usage import Usage
from controlplane.protocols.messages.tally import EventTally
from controlplane.protocols.messages.usage import read_usage, risen

COUNTS = {
    "input_tokens": 10,
    "output_tokens": 50,
    "cache_read_input_tokens": 100,
    "cache_creation_input_tokens": 30,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "output_tokens_details": {"thinking_tokens": 40},
}


def test_cached_tokens_are_part_of_the_input() -> None:
    assert read_usage(COUNTS) == Usage(
        input=140, output=50, cached=100, reasoning=40, cache_write=30, cache_write_hour=20
    )


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, None),
        ([], None),
        ({}, None),
        ({"input_tokens": 3}, Usage(input=3)),
        ({"input_tokens": None, "output_tokens": 1}, Usage(output=1)),
        ({"input_tokens": -1, "output_tokens": True}, None),
        (
            {"output_tokens": 0, "cache_creation": {"ephemeral_1h_input_tokens": 5}},
            Usage(input=5, cache_write=5, cache_write_hour=5),
        ),
    ],
)
def test_what_is_no_count_is_none(usage: Any, read: Usage | None) -> None:
    assert read_usage(usage) == read


def test_what_the_provider_did_on_top_is_billed_too() -> None:
    more = {"type": "compaction", "input_tokens": 1_000, "output_tokens": 200}
    inside = {"type": "message", "input_tokens": 10, "output_tokens": 50}
    assert read_usage(
        {"input_tokens": 10, "output_tokens": 50, "iterations": [more, inside, 1]}
    ) == (Usage(input=1_010, output=250))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}},
            {"calls": (("web_fetch", 1), ("web_search", 2))},
        ),
        ({"server_tool_use": {"web_search_requests": 0}}, {}),
        ({"service_tier": "priority"}, {"service_tier": "priority"}),
        ({"inference_geo": "us"}, {"inference_geo": "us"}),
        ({"speed": "fast"}, {"unknown": frozenset({"speed"})}),
        ({"speed": "standard", "service_tier": None, "inference_geo": ""}, {}),
    ],
)
def test_each_item_is_read(more: dict[str, Any], expected: dict[str, Any]) -> None:
    counts = {"input_tokens": 3.5, "output_tokens": 5, **more}
    assert read_usage(counts) == Usage(4, 5, **expected)


def test_counts_never_fall() -> None:
    before = {"input_tokens": 10, "cache_creation": {"ephemeral_5m_input_tokens": 3}}
    after = {"input_tokens": 0, "cache_creation": {"ephemeral_5m_input_tokens": 1}, "x": "y"}
    assert risen(before, after) == before | {"x": "y"}
    nones: list[Any] = ["many", True, None, {}, [], -1]
    for none in nones:
        assert risen(before, {"input_tokens": none, "cache_creation": none}) == before


def start(**usage: Any) -> dict[str, Any]:
    return {"type": "message_start", "message": {"model": "claude-1", "usage": usage}}


def ends(reason: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def block(kind: str, **members: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": {"type": kind, **members}}


def delta(**members: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": members}


def heard(*events: Any) -> EventTally:
    tally = EventTally()
    for event in events:
        tally.hear(event)
    return tally


BEGUN = {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 90}


def test_what_begins_a_message_is_not_all_of_it() -> None:
    tally = heard(start(**BEGUN), block("text", text=""), delta(text="Hello"))
    assert (tally.model, tally.said, tally.usage) == ("claude-1", 5, None)
    assert tally.begun == Usage(input=100, output=1, cached=90)


def test_the_end_reports_all_of_it() -> None:
    tally = heard(start(**BEGUN), ends(output_tokens=20, input_tokens=0))
    assert tally.usage == Usage(input=100, output=20, cached=90)


def test_what_a_message_begins_with_is_known_when_its_caller_leaves() -> None:
    usage = {"input_tokens": 100, "cache_read_input_tokens": 20_000, "output_tokens": 1}
    tally = heard(start(**usage, service_tier="priority", inference_geo="us"), delta(text="ten"))
    assert tally.usage is None
    assert tally.begun == Usage(
        20_100, 1, cached=20_000, service_tier="priority", inference_geo="us"
    )


def test_searches_that_began_are_known_before_they_are_reported() -> None:
    search = block("server_tool_use", name="web_search", input={})
    cut = heard(start(**BEGUN), search, search, block("server_tool_use", name="web_fetch"))
    assert cut.begun.calls == (("web_search", 2),)
    told: dict[str, Any] = {"server_tool_use": {"web_search_requests": 2}}
    whole = heard(start(**BEGUN), search, search, ends(output_tokens=20, **told))
    assert whole.usage is not None
    assert whole.usage.calls == (("web_search", 2),)


def test_the_reason_and_the_counts_may_come_apart() -> None:
    assert heard(start(**BEGUN), ends(None, output_tokens=20)).usage is None
    assert heard(start(**BEGUN), ends()).usage is None
    assert heard(start(**BEGUN), ends(None, output_tokens=20), ends()).usage is not None
    assert heard(ends(), ends(None, output_tokens=20)).usage == Usage(output=20)


@pytest.mark.parametrize(
    ("events", "unheard"),
    [
        ([], True),
        ([block("text", text="")], False),
        ([block("thinking", thinking="")], True),
        ([block("thinking", thinking=""), delta(thinking="Hm")], False),
        ([block("thinking", thinking=""), delta(signature="c2ln")], False),
        ([block("thinking", thinking=""), delta(signature="c2ln"), block("thinking")], True),
    ],
)
def test_thinking_is_unheard_while_nothing_shows_of_it(events: list[Any], unheard: bool) -> None:
    assert heard(start(**BEGUN), *events).unheard is unheard


def test_a_signature_holds_what_was_not_shown() -> None:
    hidden = heard(block("thinking", thinking=""), delta(signature="c" * 40))
    shown = heard(
        block("thinking", thinking=""), delta(thinking="x" * 30), delta(signature="c" * 40)
    )
    assert (hidden.said, shown.said) == (40, 40)
    assert heard(block("redacted_thinking", data="d" * 8)).said == 8
    assert heard(block("tool_use", input={}), delta(partial_json='{"a":1}')).said == 7


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "message_start"},
        {"type": "message_delta"},
        block("text") | {"content_block": 1},
        {"type": "content_block_delta"},
    ],
)
def test_odd_events_are_heard_without_harm(event: Any) -> None:
    assert heard(event).said == 0
