"""New rows of the audit trail: all at once, and one by one where one of them is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import sqlstate_of
from controlplane.adapters.postgres.tables import RequestLog
from controlplane.domain.audit import AuditEvent

EventId = tuple[str, datetime]

_INSERT = (
    insert(RequestLog)
    .on_conflict_do_nothing()
    .returning(RequestLog.request_id, RequestLog.occurred_at)
)
_SET_ARCHIVE_KEY = (
    update(RequestLog)
    .where(
        RequestLog.request_id == bindparam("of_request"), RequestLog.occurred_at == bindparam("at")
    )
    .values(archive_key=bindparam("key"))
)
_DRIVER_REFUSALS = (psycopg.DataError, psycopg.ProgrammingError)


def event_id(event: AuditEvent) -> EventId:
    """What makes an event one and the same when it is delivered again."""
    return event.request_id, event.occurred_at


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: the events that are new, and why others were refused for good."""

    new: frozenset[EventId]
    refused: Mapping[EventId, str] = field(default_factory=dict)


async def insert_new(connection: AsyncConnection, events: Collection[AuditEvent]) -> Written:
    """Insert the events that are not there yet, those aside that can never be stored."""
    # One order for all writers: two of them with the same events must not wait for each other.
    ordered = sorted(events, key=event_id)
    refused = {event_id(e): "number out of range" for e in ordered if not e.is_summable}
    sound = [e for e in ordered if event_id(e) not in refused]
    written = await _insert(connection, sound) if sound else Written(frozenset())
    return Written(written.new, {**refused, **written.refused})


async def set_archive_keys(connection: AsyncConnection, keys: Mapping[EventId, str]) -> None:
    """Note where S3 holds each event."""
    rows = [
        {"of_request": request_id, "at": at, "key": key} for (request_id, at), key in keys.items()
    ]
    await connection.execute(_SET_ARCHIVE_KEY, rows)


class _Unstorable(Exception):
    """PostgreSQL, or its driver, will never take these values; says the kind and no value."""


async def _insert(connection: AsyncConnection, events: Sequence[AuditEvent]) -> Written:
    try:
        return Written(await _insert_rows(connection, events))
    except _Unstorable:
        new: set[EventId] = set()
        refused: dict[EventId, str] = {}
        for event in events:
            try:
                new |= await _insert_rows(connection, [event])
            except _Unstorable as refusal:
                refused[event_id(event)] = str(refusal)
        return Written(frozenset(new), refused)


async def _insert_rows(
    connection: AsyncConnection, events: Sequence[AuditEvent]
) -> frozenset[EventId]:
    try:
        async with connection.begin_nested():
            result = await connection.execute(_INSERT, [_row(event) for event in events])
            return frozenset((request_id, at) for request_id, at in result)
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
