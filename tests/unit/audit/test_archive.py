"""The archive is a function of the events alone."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from controlplane.audit.archive import archive_objects
from controlplane.domain.audit import Attempt, AuditEvent

pytestmark = pytest.mark.dates

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def event(request_id: str, org_id: str = "org-1", at: datetime = NOON) -> AuditEvent:
    return AuditEvent(
        request_id=request_id,
        occurred_at=at,
        org_id=org_id,
        subject="key:k1",
        role="service",
        status=200,
        end_user="Jürgen 🦊",
        attempts=(Attempt("openai", "gpt-4o", 120, 200),),
    )


def test_one_object_per_organisation_and_day_of_utc() -> None:
    late_in_vancouver = datetime(2026, 2, 28, 23, 0, tzinfo=timezone(timedelta(hours=-8)))
    objects = archive_objects(
        [
            event("a"),
            event("b", org_id="org-2"),
            event("c", at=NOON - timedelta(days=1)),
            event("d", at=late_in_vancouver),
        ]
    )
    members = {
        o.key.rpartition("/")[0]: {request_id for request_id, _ in o.events} for o in objects
    }
    assert members == {
        "audit/org=org-1/dt=2026-03-01": {"a", "d"},
        "audit/org=org-2/dt=2026-03-01": {"b"},
        "audit/org=org-1/dt=2026-02-28": {"c"},
    }


def test_order_and_time_of_writing_do_not_matter() -> None:
    events = [event(name) for name in "abc"]
    assert archive_objects(events) == archive_objects(reversed(events))
    (written,) = archive_objects(events)
    assert written.body[4:8] == bytes(4), "the gzip header names no time"


def test_other_content_has_another_key() -> None:
    (first,) = archive_objects([event("a")])
    (second,) = archive_objects([replace(event("a"), status=500)])
    assert first.key != second.key


def test_lines_are_the_events_in_ascii() -> None:
    events = [event("a"), event("b", at=NOON + timedelta(microseconds=1))]
    (written,) = archive_objects(events)
    text = gzip.decompress(written.body).decode("ascii")
    assert text.endswith("\n")
    assert [AuditEvent.from_json(line) for line in text.splitlines()] == events
    assert json.loads(text.splitlines()[0])["end_user"] == "Jürgen 🦊"
