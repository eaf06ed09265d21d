"""Usage: the audit trail summed up by day, kept as events arrive, read in any grouping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import LONG_SECONDS, Database
from controlplane.adapters.postgres.storable import is_storable
from controlplane.adapters.postgres.tables import (
    MAX_NAME_LENGTH,
    ApiKeyRow,
    Application,
    RequestLog,
    UsageDaily,
)
from controlplane.adapters.postgres.usage.attributed import (
    add_attributed,
    are_attributed,
    attributed_statement,
    remove_emptied,
)
from controlplane.adapters.postgres.usage.lineages import by_lineage
from controlplane.adapters.postgres.usage.of_requests import grouped, usage_of_requests
from controlplane.domain.access import Caller
from controlplane.domain.audit import AuditEvent
from controlplane.domain.questions import MAX_USAGE_GROUPS, USAGE_GROUPS, USAGE_SUMS, UsageQuery
from controlplane.errors import InvalidRequest

_GROUPS: Mapping[str, Any] = {
    "model": UsageDaily.model,
    "application": UsageDaily.application_id,
    "provider": UsageDaily.provider,
    "user": UsageDaily.subject,
    "day": UsageDaily.day,
}

_KEY = ("org_id", "day", "application_id", "subject", "provider", "model")
_insert = insert(UsageDaily)
_ADD = _insert.on_conflict_do_update(
    index_elements=_KEY,
    set_={name: getattr(UsageDaily, name) + _insert.excluded[name] for name in USAGE_SUMS},
)
_OF_KEY = tuple(f"of_{name}" for name in _KEY)
# What counts nothing any more has never been.
_EMPTIED = delete(UsageDaily).where(
    *(getattr(UsageDaily, name) == bindparam(f"of_{name}") for name in _KEY),
    UsageDaily.requests <= 0,
)
# Hundreds of thousands of groups are more than fit into the default of 4 MB. For the top of them,
# workers would each have most of them, only for the leader to add them up again.
_ROOM = text("SET LOCAL work_mem = '64MB'")
_ALONE = text("SET LOCAL max_parallel_workers_per_gather = 0")
_NOTE_USE = (
    update(ApiKeyRow)
    .where(
        ApiKeyRow.org_id == bindparam("of_org"),
        ApiKeyRow.id == bindparam("of_key"),
        or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at < bindparam("at")),
    )
    .values(last_used_at=bindparam("at"))
)


class UsageRepository:
    """Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sums(self, org_id: str, query: UsageQuery) -> list[dict[str, Any]]:
        """A row per group, ordered by its names: those (None for unknown, `day` a date), and sums.

        Without any group one row, of zeros where nothing was used. With `top` those that cost most,
        the dearest first. Raises InvalidRequest beyond MAX_USAGE_GROUPS.
        """
        async with self._database.tenant(org_id, deadline_seconds=LONG_SECONDS) as connection:
            statement = await _statement(connection, org_id, query)
            if "user" in query.group_by:
                statement = by_lineage(statement, query)
            rows = [_group(row) for row in (await connection.execute(statement)).mappings()]
        if len(rows) > MAX_USAGE_GROUPS:
            raise InvalidRequest(
                f"There are more than {MAX_USAGE_GROUPS:,} groups. Ask for fewer names in "
                "'group_by', for fewer days, for one application, model or provider, or for the "
                "'top' of them.",
                param="group_by",
            )
        return rows

    async def spent_by(self, caller: Caller, today: date) -> tuple[int, int]:
        """Micro-dollars of a caller on that day (UTC), and in its month up to it; of a key, with
        those of its lineage."""
        org_id = caller.org_id
        names = (caller.application_id or "")[:MAX_NAME_LENGTH], caller.subject[:MAX_NAME_LENGTH]
        lineage = select(literal("key:").concat(ApiKeyRow.id)).where(
            ApiKeyRow.org_id == org_id,
            or_(ApiKeyRow.id == caller.lineage, ApiKeyRow.lineage == caller.lineage),
        )
        of_today = UsageDaily.day == today
        cost = UsageDaily.cost_microusd
        statement = select(func.sum(cost).filter(of_today), func.sum(cost)).where(
            UsageDaily.org_id == org_id,
            UsageDaily.day.between(today.replace(day=1), today),
            UsageDaily.application_id == names[0],
            or_(UsageDaily.subject == names[1], UsageDaily.subject.in_(lineage)),
        )
        async with self._database.tenant(org_id, deadline_seconds=LONG_SECONDS) as connection:
            day, month = (await connection.execute(statement)).one()
        return int(day or 0), int(month or 0)

    async def knows_application(self, org_id: str, application_id: str) -> bool:
        """True where the organisation has this application, had it, or has records of it (a token
        may name one that was never made here)."""
        if not is_storable(application_id):
            return False
        exists = [
            select(table).where(table.org_id == org_id, column == application_id).exists()
            for table, column in (
                (Application, Application.id),
                (RequestLog, RequestLog.application_id),
            )
        ]
        async with self._database.tenant(org_id, deadline_seconds=LONG_SECONDS) as connection:
            return bool(await connection.scalar(select(or_(*exists))))


async def _statement(connection: AsyncConnection, org_id: str, query: UsageQuery) -> Select[Any]:
    """The query over the fewest rows that can say it."""
    if query.is_daily:
        return usage_statement(org_id, query)
    await connection.execute(_ROOM)
    if query.top is not None:
        await connection.execute(_ALONE)
    if query.attribution and await are_attributed(connection, org_id, query):
        return attributed_statement(org_id, query, query.attribution)
    return usage_of_requests(org_id, query)


def usage_statement(org_id: str, query: UsageQuery) -> Select[Any]:
    """The query over `usage_daily`, one group more than may be answered."""
    groups = {name: _GROUPS[name] for name in query.group_by}
    sums = {name: func.coalesce(func.sum(getattr(UsageDaily, name)), 0) for name in USAGE_SUMS}
    statement = grouped(groups, sums, query.top).where(
        UsageDaily.org_id == org_id, UsageDaily.day.between(query.first, query.last)
    )
    for column, value in (
        (UsageDaily.application_id, query.application_id),
        (UsageDaily.model, query.model),
        (UsageDaily.provider, query.provider),
    ):
        if value is not None:
            statement = statement.where(column == value[:MAX_NAME_LENGTH])
    return statement


async def add_usage(
    connection: AsyncConnection,
    events: Collection[AuditEvent],
    taken_back: Collection[AuditEvent] = (),
) -> None:
    """Add events that were not counted yet, and subtract those that were and count no more. Locks
    each row that it adds to, in one order for all writers, until the transaction ends."""
    counted = [(event, _key(event), _numbers(event)) for event in events]
    less = [(each, _key(each), tuple(-n for n in _numbers(each))) for each in taken_back]
    counted += less
    sums: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(USAGE_SUMS))
    for _, key, numbers in counted:
        row = sums[key]
        for index, number in enumerate(numbers):
            row[index] += number
    rows = [
        dict(zip(_KEY, key, strict=True)) | dict(zip(USAGE_SUMS, numbers, strict=True))
        for key, numbers in sorted(sums.items())
    ]
    await connection.execute(_ADD, rows)
    await add_attributed(connection, counted)
    if less:
        keys = sorted({key for _, key, _ in less})
        await connection.execute(_EMPTIED, [dict(zip(_OF_KEY, key, strict=True)) for key in keys])
        await remove_emptied(connection, less)


async def note_key_use(connection: AsyncConnection, events: Collection[AuditEvent]) -> None:
    """Move `last_used_at` of the keys that asked on, never back."""
    latest: dict[tuple[str, str], datetime] = {}
    for event in events:
        kind, _, key_id = event.subject.partition(":")
        if kind == "key":
            key = event.org_id, key_id
            latest[key] = max(event.occurred_at, latest.get(key, event.occurred_at))
    rows = [{"of_org": org, "of_key": key_id, "at": at} for (org, key_id), at in latest.items()]
    if rows:
        rows.sort(key=lambda row: (row["of_org"], row["of_key"]))
        await connection.execute(_NOTE_USE, rows)


def _key(event: AuditEvent) -> tuple[Any, ...]:
    charged = event.admitted_at or event.occurred_at
    names = (
        event.application_id,
        event.subject,
        event.provider,
        _model(event),
    )
    day = charged.astimezone(UTC).date()
    return event.org_id, day, *(str(name or "")[:MAX_NAME_LENGTH] for name in names)


def _model(event: AuditEvent) -> str | None:
    """The model that answered or was to; a name that led nowhere could be any text at all, and
    each would be a row."""
    routed = event.attempts or event.status == 429 or event.status >= 500
    return event.model_served or (event.model_requested if routed else None)


def _numbers(event: AuditEvent) -> tuple[int, ...]:
    """In the order of USAGE_SUMS. An answer that was given again costs nothing."""
    counts = (1, int(400 <= event.status < 500), int(event.status >= 500))
    items = event.used
    used: tuple[int, ...] = (
        event.tokens_input,
        event.tokens_output,
        event.tokens_cached,
        event.tokens_reasoning,
        event.cost_microusd or 0,
    )
    more: tuple[int, ...] = (
        items.cache_write,
        items.audio_input + items.audio_output,
        sum(number for _, number in items.calls),
        int(event.is_unpriced),
    )
    if event.replayed:
        used, more = (0,) * len(used), (0,) * len(more)
    return (*counts, *used, event.latency_ms, *more)


def _group(row: Mapping[str, Any]) -> dict[str, Any]:
    names = {name: row[name] or None for name in row if name in USAGE_GROUPS}
    return names | {name: int(row[name]) for name in USAGE_SUMS}
