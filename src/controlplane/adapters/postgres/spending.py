"""What was spent, by the audit trail: the sums that the ledger's counters have to equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    case,
    cast,
    exists,
    extract,
    func,
    literal_column,
    null,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import MAX_NAME_LENGTH, ApiKeyRow, RequestLog, UsageDaily
from controlplane.domain.limits import UTC_ZONE, Limit, Per, Period, counter_of
from controlplane.domain.periods import period_start
from controlplane.domain.policy import Level
from controlplane.policy.globs import matches

# A rolling window of a month is many rows, and no page waits for it.
DEADLINE_SECONDS = 60.0
BUCKETS = 60

_SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date()
# `occurred_at` is a process's clock and chooses the partitions; `admitted_at` is Redis's.
_CLOCKS_APART = timedelta(days=1)
_admitted_at = func.coalesce(RequestLog.admitted_at, RequestLog.occurred_at)
_NAMES = {Per.END_USER: RequestLog.end_user, Per.SESSION: RequestLog.session_id}
# The column that names a subject, and its names there: a key's are those of its lineage.
Whom = tuple[str | None, list[str]]
_PATIENCE = text(f"SET LOCAL statement_timeout = {DEADLINE_SECONDS * 1000:.0f}")


class Spending:
    """Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_requests(self, org_id: str) -> bool:
        """Whether any request of the organisation is on record."""
        async with self._database.tenant(org_id) as connection:
            return bool(
                await connection.scalar(select(exists().where(RequestLog.org_id == org_id)))
            )

    async def spent(
        self,
        org_id: str,
        subject: tuple[Level, str],
        limit: Limit,
        now: datetime,
        began: Mapping[str, datetime],
    ) -> dict[str, dict[int, int]]:
        """Micro-dollars per counter of a cost cap (one alone is '') and bucket of
        `scripts/counters.lua`, of those that count at `now`.

        Charged is the moment of admission, by the ledger's clock. `began` says when counters were
        reset, '' for all of them: what was spent before counts no more.
        """
        async with self._database.tenant(org_id, deadline_seconds=DEADLINE_SECONDS) as connection:
            await connection.execute(_PATIENCE)
            since = max(_first_instant(limit, now), began.get("", _EPOCH))
            whom = await _whom(connection, *subject)
            if isinstance(limit.window, Period) and not limit.selects:
                total = await _total(connection, org_id, whom, since)
                return {"": {bucket_at(limit, now): total}} if total else {}
            whose = (RequestLog.org_id == org_id, *_of_log(*whom))
            resets = sorted({at for name, at in began.items() if name and at > since})
            rows = await connection.execute(_by_counter(whose, limit, now, since, resets))
            return _summed(org_id, limit, rows, began, resets)


def bucket_at(limit: Limit, at: datetime) -> int:
    """The number of the bucket of a period, as `scripts/counters.lua` has it."""
    assert isinstance(limit.window, Period)
    if limit.time_zone != UTC_ZONE:
        start = period_start(limit.window, limit.time_zone, at)
        return (start - _EPOCH) // _MICROSECOND
    day = at.astimezone(UTC).date()
    days = (day - _EPOCH_DAY).days
    return {
        Period.DAY: days,
        Period.WEEK: (days + 3) // 7,
        Period.MONTH: day.year * 12 + day.month - 1,
        Period.LIFETIME: 0,
    }[limit.window]


def _first_instant(limit: Limit, now: datetime) -> datetime:
    """Where the oldest bucket begins that counts."""
    if isinstance(limit.window, Period):
        return period_start(limit.window, limit.time_zone, now)
    assert limit.window is not None
    width = timedelta(microseconds=_width(limit.window))
    since = now - timedelta(seconds=limit.window)
    return _EPOCH + (since - _EPOCH) // width * width


def _width(window: int) -> int:
    return -(-window * _SECOND // BUCKETS)


async def _total(connection: AsyncConnection, org_id: str, whom: Whom, since: datetime) -> int:
    """All since then: whole days by their sums, and the part of a day by its requests."""
    midnight = datetime.combine(since.astimezone(UTC).date(), time(), UTC)
    first = midnight.date() if since == midnight else midnight.date() + timedelta(days=1)
    of_days = await connection.scalar(
        select(func.coalesce(func.sum(UsageDaily.cost_microusd), 0)).where(
            UsageDaily.org_id == org_id, UsageDaily.day >= first, *_of_usage(*whom)
        )
    )
    if since == midnight:
        return int(of_days or 0)
    of_hours = await connection.scalar(
        select(func.coalesce(func.sum(RequestLog.cost_microusd), 0)).where(
            RequestLog.org_id == org_id,
            *_of_log(*whom),
            *_between(since, midnight + timedelta(days=1)),
        )
    )
    return int(of_days or 0) + int(of_hours or 0)


def _between(since: datetime, until: datetime | None = None) -> list[ColumnElement[bool]]:
    conditions = [
        RequestLog.occurred_at >= since - _CLOCKS_APART,
        _admitted_at >= since,
        RequestLog.cost_microusd > 0,
    ]
    if until is not None:
        conditions += [RequestLog.occurred_at < until + _CLOCKS_APART, _admitted_at < until]
    return conditions


def _by_counter(
    whose: Sequence[ColumnElement[bool]],
    limit: Limit,
    now: datetime,
    since: datetime,
    resets: Sequence[datetime],
) -> Select[int, str | None, str | None, int, int]:
    """Sums by bucket, by the model that was asked for and by name, where the limit tells those
    apart, and by how many of `resets` were before."""
    bucket: ColumnElement[int]
    if isinstance(limit.window, Period):
        bucket = literal_column(str(bucket_at(limit, now)), BigInteger)
    else:
        assert limit.window is not None
        microseconds = cast(extract("epoch", _admitted_at) * _SECOND, BigInteger)
        bucket = microseconds // _width(limit.window)
    nothing: ColumnElement[str | None] = cast(null(), Text)
    model = RequestLog.model_requested if limit.models else nothing
    name = nothing if limit.per is None else _NAMES[limit.per]
    reset = sum(
        (case((_admitted_at >= at, 1), else_=0) for at in resets), literal_column("0", BigInteger)
    )
    groups = bucket.label("bucket"), model.label("model"), name.label("name"), reset.label("reset")
    return (
        select(*groups, func.sum(RequestLog.cost_microusd))
        .where(*whose, *_between(since))
        .group_by(*(text(each.name) for each in groups))
    )


def _summed(
    org_id: str,
    limit: Limit,
    rows: Iterable[tuple[int, str | None, str | None, int, int]],
    began: Mapping[str, datetime],
    resets: Sequence[datetime],
) -> dict[str, dict[int, int]]:
    spent: dict[str, dict[int, int]] = {}
    for bucket, model, name, after, cost in rows:
        if limit.models and (model is None or not matches(model, limit.models)):
            continue
        counter = "" if limit.per is None else counter_of(org_id, limit.per, name)
        reset = began.get(counter) if counter else None
        if reset in resets and after <= resets.index(reset):
            continue
        buckets = spent.setdefault(counter, {})
        buckets[int(bucket)] = buckets.get(int(bucket), 0) + int(cost)
    return spent


def _of_log(column: str | None, names: list[str]) -> list[ColumnElement[bool]]:
    return [] if column is None else [getattr(RequestLog, column).in_(names)]


def _of_usage(column: str | None, names: list[str]) -> list[ColumnElement[bool]]:
    # As long as the sums keep names.
    cut = [name[:MAX_NAME_LENGTH] for name in names]
    return [] if column is None else [getattr(UsageDaily, column).in_(cut)]


async def _whom(connection: AsyncConnection, level: Level, subject_id: str) -> Whom:
    match level:
        case Level.ORGANIZATION:
            return None, []
        case Level.APPLICATION:
            return "application_id", [subject_id]
        case Level.USER:
            return "subject", [f"user:{subject_id}"]
        case Level.API_KEY:
            later = await connection.scalars(
                select(ApiKeyRow.id).where(ApiKeyRow.lineage == subject_id)
            )
            return "subject", [f"key:{key_id}" for key_id in (subject_id, *later)]
