"""New rows of the audit trail: all at once, and one by one where one of them is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import sqlstate_of
from controlplane.adapters.postgres.request_logs.identities import (
    EventId,
    event_id,
    stored_before,
    take_back,
)
from controlplane.adapters.postgres.tables import RequestLog
from controlplane.domain.audit import AuditEvent

# What stands there already: the release before, which does not wait for others, has just stored the
# same event; or another organisation has a request of that id at that very microsecond.
_INSERT = (
    insert(RequestLog).on_conflict_do_nothing().returning(RequestLog.request_id, RequestLog.org_id)
)
_SET_ARCHIVE_KEY = (
    update(RequestLog)
    .where(
        RequestLog.request_id == bindparam("of_request"),
        RequestLog.org_id == bindparam("of_org"),
        RequestLog.occurred_at == bindparam("at"),
    )
    .values(archive_key=bindparam("key"))
)
_DRIVER_REFUSALS = (psycopg.DataError, psycopg.ProgrammingError)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: the events that are new, and why others were refused for good.
    `taken_back` were there without an outcome before, which the new ones have."""

    new: frozenset[EventId]
    refused: Mapping[EventId, str] = field(default_factory=dict)
    taken_back: Sequence[AuditEvent] = ()


async def insert_new(connection: AsyncConnection, events: Mapping[EventId, AuditEvent]) -> Written:
    """Insert the events of requests that are not there yet, or there without an outcome, those
    aside that can never be stored: none that is `storable`."""
    known, unknown = await stored_before(connection, events)
    # One order for all writers: two of them with the same events must not wait for each other.
    ordered = [events[identity] for identity in sorted(events.keys() - known)]
    written = await _insert(connection, ordered, unknown) if ordered else Written(frozenset())
    refused = dict(written.refused)
    done = written.new | refused.keys()
    missing = {event_id(event): event for event in ordered if event_id(event) not in done}
    if missing:
        known, _ = await stored_before(connection, missing)
        refused |= dict.fromkeys(missing.keys() - known, "request id of another organisation")
    return replace(written, refused=refused)


async def set_archive_keys(
    connection: AsyncConnection, events: Iterable[AuditEvent], keys: Mapping[EventId, str]
) -> None:
    """Note where S3 holds each event."""
    rows = [
        {
            "of_request": event.request_id,
            "of_org": event.org_id,
            "at": event.occurred_at,
            "key": keys[event_id(event)],
        }
        for event in events
    ]
    await connection.execute(_SET_ARCHIVE_KEY, rows)


_Unknown = Mapping[EventId, Sequence[datetime]]


class _Unstorable(Exception):
    """PostgreSQL, or its driver, will never take these values; says the kind and no value."""


async def _insert(
    connection: AsyncConnection, events: Sequence[AuditEvent], unknown: _Unknown
) -> Written:
    try:
        return await _insert_rows(connection, events, unknown)
    except _Unstorable:
        new: set[EventId] = set()
        taken_back: list[AuditEvent] = []
        refused: dict[EventId, str] = {}
        for event in events:
            try:
                written = await _insert_rows(connection, [event], unknown)
                new |= written.new
                taken_back += written.taken_back
            except _Unstorable as refusal:
                refused[event_id(event)] = str(refusal)
        return Written(frozenset(new), refused, taken_back)


async def _insert_rows(
    connection: AsyncConnection, events: Sequence[AuditEvent], unknown: _Unknown
) -> Written:
    giving_way = {key: unknown[key] for key in map(event_id, events) if key in unknown}
    try:
        async with connection.begin_nested():
            taken_back = await take_back(connection, giving_way)
            result = await connection.execute(_INSERT, [_row(event) for event in events])
            new = frozenset((request_id, org_id) for request_id, org_id in result)
            return Written(new, taken_back=taken_back)
    except (StatementError, UnicodeEncodeError) as error:
        kind = _refusal(error)
        if kind is None:
            raise
        raise _Unstorable(kind) from None


def _refusal(error: StatementError | UnicodeEncodeError) -> str | None:
    """The kind of refusal; None where something else than the values is at fault.

    https://www.postgresql.org/docs/16/errcodes-appendix.html
    """
    if not isinstance(error, DBAPIError):
        return "unfit value"
    if error.connection_invalidated:
        return None
    sqlstate = sqlstate_of(error)
    if sqlstate is None:  # the driver itself: U+0000, or a type that it cannot send
        return type(error).__name__ if isinstance(error.orig, _DRIVER_REFUSALS) else None
    of_values = sqlstate[:2] in ("22", "23", "54") or sqlstate in ("42804", "42846")
    return f"SQLSTATE {sqlstate}" if of_values else None


def _row(event: AuditEvent) -> dict[str, Any]:
    admitted = event.admitted_at
    row = event.to_dict() | {
        "occurred_at": event.occurred_at.astimezone(UTC),
        "admitted_at": admitted and admitted.astimezone(UTC),
    }
    row.pop("unsettled", None)
    return row
