"""What is written to the queue is what is read from it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controlplane.domain.audit import Attempt, AuditEvent

EVENT = AuditEvent(
    request_id="req_1",
    occurred_at=datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
    org_id="org-1",
    subject="key:k1",
    role="service",
    status=200,
    model_requested="模型\u202e\x1b",
    end_user="Ω≈ç√",
    attempts=(Attempt("openai", "gpt-4o", 12, 200, None),),
    cost_microusd=125,
    screening={"email": 2},
)


def test_round_trip_is_ascii_and_one_line() -> None:
    text = EVENT.to_json()
    assert text.isascii()
    assert "\n" not in text
    assert all(char >= " " for char in text)
    assert AuditEvent.from_json(text) == EVENT


def test_what_was_left_out_stands_at_the_attempt_that_it_was_left_out_of() -> None:
    attempts = (Attempt("a", "m", 1, 529, "status"), Attempt("b", "n", 2, 200, None, ("top_p",)))
    event = replace(EVENT, attempts=attempts)
    first, second = event.to_dict()["attempts"]
    assert "ignored_params" not in first
    assert list(second["ignored_params"]) == ["top_p"]
    assert AuditEvent.from_json(event.to_json()) == event


def test_fields_of_a_newer_writer_are_left_out() -> None:
    raw = json.loads(EVENT.to_json()) | {"added_later": {"x": 1}, "schema_version": 2}
    raw["attempts"] = [attempt | {"added_later": 1} for attempt in raw["attempts"]]
    event = AuditEvent.from_json(json.dumps(raw))
    assert event.request_id == "req_1"
    assert event.schema_version == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{}",
        '{"request_id": "r"}',
        EVENT.to_json().replace('"req_1"', "17"),
        EVENT.to_json().replace("+00:00", ""),
        EVENT.to_json().replace("2026-01-02T", "not a time "),
        EVENT.to_json().replace('"provider":"openai",', ""),
    ],
)
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every message is acceptable
        AuditEvent.from_json(text)
