"""Line items on their way: into an event, through JSON and back, and what they come to then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit_events import audit_event

from controlplane.domain.audit import AuditEvent
from controlplane.domain.storable import storable
from controlplane.domain.usage import (
    COUNTS,
    MAX_CALLS,
    MAX_STORED,
    MAX_TOKENS,
    Usage,
    sorted_calls,
)

NUMBERS = st.integers(0, MAX_STORED)
NAMES = st.from_regex(r"\A[a-z_]{1,20}\Z")
USAGES = st.builds(
    Usage,
    **dict.fromkeys(COUNTS, NUMBERS),
    calls=st.dictionaries(NAMES, NUMBERS, max_size=3).map(sorted_calls),
    service_tier=st.none() | NAMES,
    inference_geo=st.none() | NAMES,
    estimated=st.frozensets(st.sampled_from(COUNTS)),
    unknown=st.frozensets(NAMES, max_size=3),
)


@given(USAGES)
def test_any_usage_comes_back_from_its_event(usage: Usage) -> None:
    event = audit_event(usage=usage)
    read = AuditEvent.from_json(event.to_json())
    assert read.usage == usage
    assert read == event


@given(USAGES)
def test_any_order_of_members_is_the_same_usage(usage: Usage) -> None:
    row = json.loads(json.dumps(usage.to_dict(), sort_keys=True))
    assert Usage.from_dict(row) == usage


@given(USAGES, USAGES)
def test_what_is_raised_has_lost_nothing(one: Usage, other: Usage) -> None:
    raised = one.raised(other)
    for name in COUNTS:
        assert getattr(raised, name) == max(getattr(one, name), getattr(other, name))
    assert dict(raised.calls).keys() == dict(one.calls).keys() | dict(other.calls).keys()
    assert raised.raised(other) == raised
    assert one.raised(Usage()) == one


def test_only_what_says_something_is_written() -> None:
    assert Usage().to_dict() == {}
    usage = Usage(
        input=12,
        cached=3,
        calls=(("web_search", 2),),
        service_tier="flex",
        estimated=frozenset({"output", "input"}),
    )
    assert usage.to_dict() == {
        "input": 12,
        "cached": 3,
        "calls": {"web_search": 2},
        "service_tier": "flex",
        "estimated": ["input", "output"],
    }


def test_what_a_newer_writer_added_is_left_out() -> None:
    row = {"input": 1, "video": 7, "calls": {"map": 1}, "moods": ["new"]}
    assert Usage.from_dict(row) == Usage(input=1, calls=(("map", 1),))


@pytest.mark.parametrize(
    "row",
    [
        {"input": -1},
        {"input": MAX_STORED + 1},
        {"input": 1.5},
        {"input": True},
        {"input": "1"},
        {"calls": {"web_search": -1}},
        {"calls": ["web_search"]},
        {"estimated": 7},
        [],
        "text",
    ],
    ids=repr,
)
def test_what_is_no_usage_is_no_event(row: Any) -> None:
    text = json.dumps(audit_event().to_dict() | {"usage": row})
    with pytest.raises(ValueError, match=r"not an audit event|out of range"):
        AuditEvent.from_json(text)


def test_an_event_of_older_code_has_the_items_that_it_counted() -> None:
    old = audit_event().to_dict()
    del old["usage"]
    event = AuditEvent.from_json(json.dumps(old))
    assert event.usage is None
    assert event.used == Usage(1_200, 310, cached=1_024, reasoning=64)


@pytest.mark.parametrize(
    ("changes", "unpriced"),
    [
        ({"cost_microusd": None}, True),
        ({"cost_microusd": 0}, False),
        ({"cost_microusd": None, "replayed": True}, False),
        ({"cost_microusd": None, "usage": Usage(calls=(("web_search", 1),))}, True),
        ({"cost_microusd": None, "usage": Usage()}, False),
    ],
)
def test_what_was_used_and_has_no_cost_is_unpriced(changes: Any, unpriced: bool) -> None:
    assert audit_event(**changes).is_unpriced is unpriced


def test_what_is_possible_can_be_stored() -> None:
    most = Usage(input=MAX_TOKENS, output=MAX_TOKENS, calls=(("web_search", MAX_CALLS),))
    assert most.is_possible
    event = audit_event(tokens_input=most.input, tokens_output=most.output, usage=most)
    assert storable(event) == event
    assert not Usage(input=MAX_TOKENS + 1).is_possible
    assert not Usage(output=MAX_TOKENS + 1).is_possible
    assert not Usage(calls=(("web_search", MAX_CALLS + 1),)).is_possible
