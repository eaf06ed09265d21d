"""Reading the audit trail: one record, and page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.audit_events import audit_event

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import (
    EventId,
    RequestLogRepository,
    event_id,
)
from controlplane.domain.audit import AuditEvent

pytestmark = pytest.mark.dates


async def _archive(events: Sequence[AuditEvent]) -> dict[EventId, str]:
    return {event_id(event): f"key/{event.request_id}" for event in events}


@pytest.fixture
def logs(database: Database) -> RequestLogRepository:
    return RequestLogRepository(database)


async def test_a_record_says_what_the_event_said(logs: RequestLogRepository, org_id: str) -> None:
    full = audit_event(org_id=org_id)
    bare = AuditEvent("r-bare", full.occurred_at, org_id, "user:u", "viewer", 429)
    await logs.write([full, bare], _archive)
    for event in (full, bare):
        expected = json.loads(event.to_json()) | {"archive_key": f"key/{event.request_id}"}
        assert await logs.get(org_id, event.request_id) == expected


async def test_times_are_shown_in_utc_to_the_microsecond(
    logs: RequestLogRepository, org_id: str
) -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    event = audit_event(org_id=org_id, occurred_at=datetime(2026, 3, 1, 1, 2, 3, 4, tzinfo=zone))
    await logs.write([event], _archive)
    record = await logs.get(org_id, event.request_id)
    assert record is not None
    assert record["occurred_at"] == "2026-02-28T19:17:03.000004+00:00"


async def test_no_record_and_nobody_elses(logs: RequestLogRepository, org_id: str) -> None:
    event = audit_event(org_id=f"{org_id}-other")
    await logs.write([event], _archive)
    assert await logs.get(org_id, event.request_id) is None
    assert await logs.page(org_id, limit=10) == ([], None)
    for request_id in ("", "nowhere", "nul\x00", "half\ud83e"):
        assert await logs.get(org_id, request_id) is None


async def test_pages_are_newest_first_without_gap_or_double(
    logs: RequestLogRepository, org_id: str
) -> None:
    now = datetime.now(UTC)
    # Three of each instant, over three months: ties and partitions are where paging goes wrong.
    events = [
        audit_event(
            org_id=org_id, request_id=f"r{i:02d}", occurred_at=now - timedelta(days=i // 3 * 9)
        )
        for i in range(20)
    ]
    await logs.write(events, _archive)
    wanted = [e.request_id for e in sorted(events, key=lambda e: (e.occurred_at, e.request_id))]
    seen: list[str] = []
    sizes: list[int] = []
    cursor = None
    while True:
        rows, cursor = await logs.page(org_id, limit=7, before=cursor)
        seen += [row["request_id"] for row in rows]
        sizes.append(len(rows))
        # What arrives meanwhile is newer and does not shift the following pages.
        await logs.write([audit_event(org_id=org_id)], _archive)
        if cursor is None:
            break
    assert seen == wanted[::-1]
    assert sizes == [7, 7, 6]


async def test_a_full_last_page_has_no_successor(logs: RequestLogRepository, org_id: str) -> None:
    await logs.write([audit_event(org_id=org_id) for _ in range(4)], _archive)
    rows, cursor = await logs.page(org_id, limit=4)
    assert (len(rows), cursor) == (4, None)


async def test_a_cursor_of_others_shows_nothing_of_theirs(
    logs: RequestLogRepository, org_id: str
) -> None:
    other = f"{org_id}-other"
    await logs.write([audit_event(org_id=other) for _ in range(3)], _archive)
    _, cursor = await logs.page(other, limit=1)
    assert cursor is not None
    assert await logs.page(org_id, limit=10, before=cursor) == ([], None)


async def test_writing_again_is_nothing_new(logs: RequestLogRepository, org_id: str) -> None:
    events = [audit_event(org_id=org_id) for _ in range(3)]
    first = await logs.write(events, _archive)
    second = await logs.write([*events, audit_event(org_id=org_id, request_id="later")], _archive)
    assert first.new == {event_id(event) for event in events}
    assert {request_id for request_id, _ in second.new} == {"later"}
