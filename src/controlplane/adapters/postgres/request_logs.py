"""The audit trail in PostgreSQL: written once per event, read page by page."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from sqlalchemy import Row, Select, bindparam, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import Database, sqlstate_of
from controlplane.adapters.postgres.tables import RequestLog
from controlplane.domain.audit import AuditEvent

# The transaction waits for S3 as well, with its retries.
WRITE_DEADLINE_SECONDS = 20.0
MONTHS_AHEAD = 3
# Events of other months are a fault of some clock: the default partition takes them.
MONTHS_AROUND_NOW = 12

EventId = tuple[str, datetime]
# Writes events elsewhere and answers where each one went.
Archive = Callable[[Sequence[AuditEvent]], Awaitable[Mapping[EventId, str]]]

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
_COLUMNS = tuple(RequestLog.__table__.columns)
_DRIVER_REFUSALS = (psycopg.DataError, psycopg.ProgrammingError)


def event_id(event: AuditEvent) -> EventId:
    """What makes an event one and the same when it is delivered again."""
    return event.request_id, event.occurred_at


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: the events that are new, and why others were refused for good."""

    new: frozenset[EventId]
    refused: Mapping[EventId, str] = field(default_factory=dict)


class RequestLogRepository:
    """Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._months: set[date] = set()

    async def write(self, events: Collection[AuditEvent], archive: Archive) -> Written:
        """Insert the events that are not there yet, and archive those, all or nothing.

        `archive` is called inside the transaction with the new events only, so that an event that
        is delivered again changes nothing in either place. An event that PostgreSQL refuses for
        what it holds does not hinder the others.
        """
        by_id = {event_id(event): event for event in events}
        await self._ensure_partitions(by_id.values())
        # One order for all writers: two of them with the same events must not wait for each other.
        ordered = [by_id[key] for key in sorted(by_id)]
        async with self._database.system(deadline_seconds=WRITE_DEADLINE_SECONDS) as connection:
            written = await _insert(connection, ordered)
            if written.new:
                keys = await archive([e for e in ordered if event_id(e) in written.new])
                await connection.execute(
                    _SET_ARCHIVE_KEY,
                    [{"of_request": r, "at": at, "key": key} for (r, at), key in keys.items()],
                )
        return written

    async def get(
        self, org_id: str, request_id: str, *, application_id: str | None = None
    ) -> dict[str, Any] | None:
        """The record of a request: `AuditEvent.to_dict()` and `archive_key`.

        None where the organisation, or the one application that counts, has no such request.
        """
        if not _is_storable(request_id):
            return None
        async with self._database.tenant(org_id) as connection:
            result = await connection.execute(
                _records_of(org_id, application_id)
                .where(RequestLog.request_id == request_id)
                .order_by(RequestLog.occurred_at.desc())
                .limit(1)
            )
            row = result.one_or_none()
        return None if row is None else _record(row)

    async def page(
        self,
        org_id: str,
        *,
        limit: int,
        before: str | None = None,
        application_id: str | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Records of an organisation (or one application), newest first, and the next cursor.

        The cursor is None on the last page.

        Raises ValueError where `before` is not a cursor that an earlier page gave.
        """
        query = _records_of(org_id, application_id)
        if before is not None:
            request_id, occurred_at = _read_cursor(before)
            place = tuple_(RequestLog.occurred_at, RequestLog.request_id)
            query = query.where(place < (occurred_at, request_id))
        newest_first = (RequestLog.occurred_at.desc(), RequestLog.request_id.desc())
        async with self._database.tenant(org_id) as connection:
            result = await connection.execute(query.order_by(*newest_first).limit(limit + 1))
            rows = result.all()
        following = len(rows) > limit
        rows = rows[:limit]
        return [_record(row) for row in rows], _cursor(rows[-1]) if following else None

    async def _ensure_partitions(self, events: Collection[AuditEvent]) -> None:
        today = datetime.now(UTC).date()
        months = {event.occurred_at.astimezone(UTC).date().replace(day=1) for event in events}
        for month in sorted(months - self._months):
            distance = (month.year - today.year) * 12 + month.month - today.month
            if abs(distance) > MONTHS_AROUND_NOW:
                continue
            async with self._database.system() as connection:
                missing = await connection.scalar(
                    select(func.ensure_request_log_partitions(month, MONTHS_AHEAD))
                )
            if missing == 0:
                self._months.add(month)


def _records_of(org_id: str, application_id: str | None) -> Select[Any]:
    query = select(*_COLUMNS).where(RequestLog.org_id == org_id)
    return (
        query
        if application_id is None
        else query.where(RequestLog.application_id == application_id)
    )


class _Refused(Exception):
    """PostgreSQL, or its driver, will never take these values; says the kind and no value."""


async def _insert(connection: AsyncConnection, events: Sequence[AuditEvent]) -> Written:
    """All at once, which is the rule; one by one where that is refused.

    The second try also helps a row that was on its way to the default partition while its own one
    was attached: PostgreSQL refuses it then (23514), once.
    """
    try:
        return Written(await _insert_rows(connection, events))
    except _Refused:
        new: set[EventId] = set()
        refused: dict[EventId, str] = {}
        for event in events:
            try:
                new |= await _insert_rows(connection, [event])
            except _Refused as refusal:
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
        raise _Refused(kind) from None


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
    return event.to_dict() | {"occurred_at": event.occurred_at.astimezone(UTC)}


def _record(row: Row[Any]) -> dict[str, Any]:
    record = dict(row._mapping)
    return record | {"occurred_at": record["occurred_at"].astimezone(UTC).isoformat()}


def _is_storable(text: str) -> bool:
    """PostgreSQL has no place for U+0000, and UTF-8 none for half a surrogate pair."""
    return "\x00" not in text and text.encode(errors="ignore").decode() == text


def _cursor(row: Row[Any]) -> str:
    place = json.dumps([row.request_id, row.occurred_at.astimezone(UTC).isoformat()])
    return base64.urlsafe_b64encode(place.encode()).decode()


def _read_cursor(cursor: str) -> EventId:
    try:
        request_id, at = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        occurred_at = datetime.fromisoformat(at)
        if not isinstance(request_id, str) or not _is_storable(request_id):
            raise ValueError
        if occurred_at.tzinfo is None:
            raise ValueError
        return request_id, occurred_at.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ValueError("the cursor is not one that an earlier page gave") from None
