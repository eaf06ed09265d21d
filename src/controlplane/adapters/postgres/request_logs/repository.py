"""The audit trail in PostgreSQL: written once per event, read page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row, func, select

from controlplane.adapters.postgres.engine import LONG_SECONDS, Database
from controlplane.adapters.postgres.request_logs.identities import (
    IS_UNKNOWN,
    EventId,
    by_identity,
    event_id,
)
from controlplane.adapters.postgres.request_logs.inserts import (
    Written,
    insert_new,
    set_archive_keys,
)
from controlplane.adapters.postgres.request_logs.queries import (
    EVERYTHING,
    cursor_of,
    page_statement,
    records_of,
)
from controlplane.adapters.postgres.storable import is_storable
from controlplane.adapters.postgres.tables import RequestLog
from controlplane.adapters.postgres.usage.repository import add_usage, note_key_use
from controlplane.domain.audit import AuditEvent
from controlplane.domain.questions import RequestFilter

__all__ = ["EventId", "RequestLogRepository", "Written", "by_identity", "event_id"]

# The transaction waits for S3 as well, with its retries.
WRITE_DEADLINE_SECONDS = 20.0
MONTHS_AHEAD = 3
# Events of other months are a fault of some clock: the default partition takes them.
MONTHS_AROUND_NOW = 12

# Writes events elsewhere and answers where each one went.
Archive = Callable[[Sequence[AuditEvent]], Awaitable[Mapping[EventId, str]]]


class RequestLogRepository:
    """Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._months: set[date] = set()

    async def write(self, events: Collection[AuditEvent], archive: Archive) -> Written:
        """Insert the events of requests that are not there yet, archive those and add them to the
        daily usage and to the last use of their keys, all or nothing.

        A request has one row and counts once, in whatever order its events arrive: one with an
        outcome takes the place of one without, and never the other way round. `archive` is called
        inside the transaction with the new events only, so that an event that is delivered again
        changes nothing in any place. An event that PostgreSQL refuses for what it holds does not
        hinder the others.
        """
        by_id = by_identity(events)
        await self._ensure_partitions(by_id.values())
        async with self._database.system(deadline_seconds=WRITE_DEADLINE_SECONDS) as connection:
            written = await insert_new(connection, by_id)
            new = [by_id[key] for key in sorted(written.new)]
            if new:
                await set_archive_keys(connection, new, await archive(new))
                # Last: no writer waits for S3 with a row locked that other writers add to as well.
                await add_usage(connection, new, written.taken_back)
            # Of the others, too: which event of a request came first is not to be seen.
            await note_key_use(
                connection, [e for e in events if event_id(e) not in written.refused]
            )
        return written

    async def get(
        self, org_id: str, request_id: str, *, application_id: str | None = None
    ) -> dict[str, Any] | None:
        """The record of a request: `AuditEvent.to_dict()` and `archive_key`.

        None where the organisation, or the one application that counts, has no such request.
        """
        if not is_storable(request_id):
            return None
        async with self._database.tenant(org_id, deadline_seconds=LONG_SECONDS) as connection:
            result = await connection.execute(
                records_of(org_id, application_id)
                .where(RequestLog.request_id == request_id)
                # Old releases wrote a second row where the outcome was unknown.
                .order_by(IS_UNKNOWN, RequestLog.occurred_at.desc())
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
        where: RequestFilter = EVERYTHING,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Records of an organisation that match `where`, newest first, and the next cursor.

        The cursor is None on the last page. Raises ValueError where `before` is not a cursor that
        an earlier page gave.
        """
        query = page_statement(org_id, where, limit=limit, before=before)
        async with self._database.tenant(org_id, deadline_seconds=LONG_SECONDS) as connection:
            result = await connection.execute(query)
            rows = result.all()
        following = len(rows) > limit
        rows = rows[:limit]
        return [_record(row) for row in rows], cursor_of(rows[-1]) if following else None

    async def _ensure_partitions(self, events: Collection[AuditEvent]) -> None:
        today = datetime.now(UTC).date()
        months = {event.occurred_at.astimezone(UTC).date().replace(day=1) for event in events}
        for month in sorted(months - self._months):
            distance = (month.year - today.year) * 12 + month.month - today.month
            if abs(distance) > MONTHS_AROUND_NOW:
                continue
            async with self._database.system(deadline_seconds=LONG_SECONDS) as connection:
                missing = await connection.scalar(
                    select(func.ensure_request_log_partitions(month, MONTHS_AHEAD))
                )
            if missing == 0:
                self._months.add(month)


def _record(row: Row[Any]) -> dict[str, Any]:
    record = dict(row._mapping)
    admitted = record["admitted_at"]
    return record | {
        "occurred_at": record["occurred_at"].astimezone(UTC).isoformat(),
        "admitted_at": admitted and admitted.astimezone(UTC).isoformat(),
    }
