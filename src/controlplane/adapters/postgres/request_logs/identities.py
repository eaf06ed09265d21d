"""One request, one row: an event is new, or told before, or the outcome of one that had none.

A unique key of a partitioned table needs the partition's column, and two events of a request may
differ in their time. So writers of the same request wait for each other, and then look.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Text, and_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.tables import RequestLog
from controlplane.domain.audit import HOLD_EXPIRED, HOLD_EXPIRED_STATUS, AuditEvent

# Events of one request are told within its lease, and clocks are less than a day apart.
REACH = timedelta(days=2)
_EARLIEST, _LATEST = (at.replace(tzinfo=UTC) for at in (datetime.min, datetime.max))

EventId = tuple[str, str]

IS_UNKNOWN = and_(
    RequestLog.code.is_not_distinct_from(HOLD_EXPIRED), RequestLog.status == HOLD_EXPIRED_STATUS
)
_lock = func.unnest(bindparam("locks", type_=ARRAY(BigInteger))).column_valued("lock")
_LOCK = select(func.count()).select_from(
    select(func.pg_advisory_xact_lock(_lock)).offset(0).subquery()
)
_wanted = (
    func.unnest(
        bindparam("organizations", type_=ARRAY(Text)), bindparam("requests", type_=ARRAY(Text))
    )
    .table_valued("org_id", "request_id")
    .render_derived(name="wanted")
)
_FIND = select(
    RequestLog.request_id, RequestLog.org_id, RequestLog.occurred_at, IS_UNKNOWN.label("is_unknown")
).where(
    RequestLog.org_id == _wanted.c.org_id,
    RequestLog.request_id == _wanted.c.request_id,
    RequestLog.occurred_at.between(bindparam("since"), bindparam("until")),
)
# What an event without an outcome was summed up by.
_SUMMED = (
    *("request_id", "occurred_at", "org_id", "subject", "role", "status", "application_id"),
    *("end_user", "session_id", "agent_id", "tags", "operation", "model_requested", "model_served"),
    *("provider", "code", "tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning"),
    *("cost_microusd", "latency_ms", "admitted_at", "replayed"),
)
_TAKE_BACK = delete(RequestLog).returning(*(getattr(RequestLog, name) for name in _SUMMED))


def event_id(event: AuditEvent) -> EventId:
    """What makes events those of one request, whenever and in whatever order they arrive."""
    return event.request_id, event.org_id


def by_identity(events: Collection[AuditEvent]) -> dict[EventId, AuditEvent]:
    """One event of each request: the first with an outcome, else the first."""
    found: dict[EventId, AuditEvent] = {}
    for event in events:
        known = found.setdefault(event_id(event), event)
        if known.is_outcome_unknown and not event.is_outcome_unknown:
            found[event_id(event)] = event
    return found


async def stored_before(
    connection: AsyncConnection, events: Mapping[EventId, AuditEvent]
) -> tuple[set[EventId], dict[EventId, list[datetime]]]:
    """Which of these requests have their row already, and which have rows that give way to these:
    where those are. Until the transaction ends, no other writes rows of these requests.
    """
    locks = sorted({_lock_key(identity) for identity in events})
    # A statement of its own: one that waits does not see what was written meanwhile.
    await connection.execute(_LOCK, {"locks": locks})
    times = [event.occurred_at.astimezone(UTC) for event in events.values()]
    rows = await connection.execute(
        _FIND,
        {
            "organizations": [org_id for _, org_id in events],
            "requests": [request_id for request_id, _ in events],
            "since": max(min(times), _EARLIEST + REACH) - REACH,
            "until": min(max(times), _LATEST - REACH) + REACH,
        },
    )
    known: set[EventId] = set()
    unknown: dict[EventId, list[datetime]] = {}
    for request_id, org_id, occurred_at, is_unknown in rows:
        identity = request_id, org_id
        if is_unknown and not events[identity].is_outcome_unknown:
            unknown.setdefault(identity, []).append(occurred_at)
        else:
            known.add(identity)
    return known, {identity: at for identity, at in unknown.items() if identity not in known}


async def take_back(
    connection: AsyncConnection, rows: Mapping[EventId, Sequence[datetime]]
) -> list[AuditEvent]:
    """Delete rows without an outcome; returns what they were summed up by."""
    taken: list[AuditEvent] = []
    for (request_id, org_id), times in rows.items():
        of_request = RequestLog.org_id == org_id, RequestLog.request_id == request_id
        found = await connection.execute(
            _TAKE_BACK.where(*of_request, RequestLog.occurred_at.in_(times), IS_UNKNOWN)
        )
        taken += [AuditEvent(**row) for row in found.mappings()]
    return taken


def _lock_key(identity: EventId) -> int:
    digest = hashlib.blake2b(repr(identity).encode(), digest_size=8, person=b"request_logs")
    return int.from_bytes(digest.digest(), signed=True)
