"""Any event is one line that fits, whatever was said in it; what is in order stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.any_events import any_event
from tests.audit_events import audit_event

from controlplane.domain.audit import MAX_EVENT_BYTES, Attempt, AuditEvent
from controlplane.domain.price import Price
from controlplane.domain.storable import storable
from controlplane.domain.usage import Usage

CHARGE = {
    "name": "cost:org-1:day",
    "capacity": 5,
    "before": 1,
    "after": 2,
    "period": "1",
    "refused": False,
}
SQS_BYTES, SQS_BATCH = 262_144, 10


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_event)
def test_anything_becomes_an_event_that_fits(event: AuditEvent) -> None:
    fit = storable(event)
    assert storable(fit) == fit
    line = fit.to_json()
    assert len(line) <= MAX_EVENT_BYTES
    assert line.isascii()
    assert line.isprintable()
    stored = json.loads(line) | {"unsettled": None}
    assert "\\u0000" not in json.dumps(stored)
    read = storable(AuditEvent.from_json(line))
    assert read.request_id == event.request_id
    json.dumps(stored, ensure_ascii=False).encode()  # no half of a surrogate pair


def test_ten_of_the_largest_are_one_call() -> None:
    assert SQS_BATCH * MAX_EVENT_BYTES < SQS_BYTES


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"end_user": "u", "tags": (), "shadow": ()},
        {"end_user": "a\tb", "model_requested": "模型 \u202e"},
        {"model_requested": "m" * 1_024, "subject": "user:" + "s" * 128},
        {"usage": Usage(1, 2, calls=(("web_search", 3),), estimated=frozenset({"input"}))},
        {"cost_microusd": None, "code": None, "attempts": ()},
        {"unsettled": {"limits": []}, "charges": (CHARGE,)},
        {"policy_version": ",".join(f"application:{n}:3" for n in range(40))},
    ],
    ids=",".join,
)
def test_what_is_in_order_stays_as_it_is(changes: dict[str, Any]) -> None:
    event = audit_event(**changes)
    assert storable(event) == event


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"model_served": "gpt\x00-4o\r\nX-Evil: 1"},
            {"model_served": "gpt\ufffd-4o\ufffd\ufffdX-Evil: 1"},
        ),
        ({"code": "x" * 3_000_000}, {"code": "x" * 256}),
        (
            {"occurred_at": datetime.max.replace(tzinfo=timezone(-timedelta(hours=14)))},
            {"occurred_at": datetime.max.replace(tzinfo=UTC)},
        ),
        ({"model_served": {"id": "m"}, "code": ["c"]}, {"model_served": None, "code": None}),
        ({"subject": None, "role": 7}, {"subject": "unknown", "role": "unknown"}),
        ({"end_user": "half \ud83e"}, {"end_user": "half \ufffd"}),
        ({"tokens_input": 2**70, "latency_ms": -3}, {"tokens_input": 0, "latency_ms": 0}),
        ({"cost_microusd": 2**62}, {"cost_microusd": None}),
        ({"tokens_output": True, "tokens_cached": 1.5}, {"tokens_output": 0, "tokens_cached": 0}),
        ({"status": {"a": 1}, "stream": "yes"}, {"status": 500, "stream": False}),
        ({"screening": {"a\x00": 2, 3: 4}}, {"screening": {"a\ufffd": 2}}),
        ({"attempts": {"not": "a list"}}, {"attempts": ()}),
        (
            {"attempts": (Attempt("p", "m\n", -1, 529, "f" * 500),)},
            {"attempts": (Attempt("p", "m\ufffd", 0, 529, "f" * 256),)},
        ),
        (
            {"usage": Usage(2**50, calls=(("a\x00", 1),))},
            {"usage": Usage(calls=(("a\ufffd", 1),), unknown=frozenset({"input"}))},
        ),
    ],
)
def test_what_is_not_is_made_to_fit(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    event = audit_event()
    assert storable(replace(event, **changes)) == replace(event, **expected)


def test_a_name_of_a_request_stays_one_of_its_own() -> None:
    names = ["req_1", "r" * 5_000, "r" * 5_001, "req\x00", "req\ud83e"]
    stored = [storable(audit_event(request_id=name)).request_id for name in names]
    assert stored[0] == "req_1"
    assert len(set(stored)) == len(names)
    assert all(len(name) <= 128 and name.isascii() for name in stored)


def test_a_name_that_is_summed_up_leaves_room_in_an_index() -> None:
    event = storable(audit_event(model_served="\U0001f98a" * 300, end_user="漢" * 300))
    assert event.model_served == "\U0001f98a" * 150
    assert event.end_user == "漢" * 300


def test_in_a_line_that_would_be_too_long_everything_is_short() -> None:
    long = Price.from_dict({"input": "1", "output": "2"})
    event = storable(
        audit_event(
            end_user="\U0001f98a" * 150,
            shadow=tuple(f"{n}" * 100 for n in range(100)),
            attempts=tuple(
                Attempt("p", "m" * 900, 1, ignored_params=("x" * 200,) * 50) for _ in "abc"
            ),
            price=long,
            occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
            unsettled={"limits": ["l" * 30_000]},
        )
    )
    read = AuditEvent.from_json(event.to_json())
    kept = ("request_id", "org_id", "occurred_at", "status", "cost_microusd", "tokens_input")
    assert [getattr(read, name) for name in kept] == [getattr(event, name) for name in kept]
    assert (read.unsettled, read.price, len(read.shadow)) == (None, None, 8)
    assert event.to_dict()["unsettled"] is not None
