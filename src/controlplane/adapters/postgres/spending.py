"""What was spent, by the audit trail: the sums that the ledger's counters have to equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Select, cast, exists, extract, func, select, text

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import MAX_NAME_LENGTH, RequestLog, UsageDaily
from controlplane.domain.limits import Period
from controlplane.domain.policy import Level

# A rolling window of a month is many rows, and no page waits for it.
DEADLINE_SECONDS = 60.0
BUCKETS = 60

_SECOND = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date()
# `occurred_at` is a process's clock and chooses the partitions; `admitted_at` is Redis's.
_CLOCKS_APART = timedelta(days=1)
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
        self, org_id: str, level: Level, subject_id: str, window: int | Period, now: datetime
    ) -> Mapping[int, int]:
        """Micro-dollars per bucket of `scripts/counters.lua`, of those that count at `now`.

        Charged is the moment of admission, by the ledger's clock.
        """
        async with self._database.tenant(org_id, deadline_seconds=DEADLINE_SECONDS) as connection:
            await connection.execute(_PATIENCE)
            if isinstance(window, Period):
                first, bucket = _period(window, now.astimezone(UTC).date())
                total = await connection.scalar(
                    select(func.coalesce(func.sum(UsageDaily.cost_microusd), 0)).where(
                        UsageDaily.org_id == org_id,
                        UsageDaily.day >= first,
                        *_of_usage(level, subject_id),
                    )
                )
                return {bucket: int(total)} if total else {}
            whose = (RequestLog.org_id == org_id, *_of_log(level, subject_id))
            rows = await connection.execute(_rolling(whose, window, now))
            return {int(bucket): int(cost or 0) for bucket, cost in rows}


def _rolling(
    whose: Sequence[ColumnElement[bool]], window: int, now: datetime
) -> Select[int, int | None]:
    at = func.coalesce(RequestLog.admitted_at, RequestLog.occurred_at)
    width = -(-window * _SECOND // BUCKETS)
    bucket = cast(extract("epoch", at) * _SECOND, BigInteger) // width
    since = now - timedelta(seconds=window)
    return (
        select(bucket, func.sum(RequestLog.cost_microusd))
        .where(
            *whose,
            RequestLog.occurred_at >= since - _CLOCKS_APART,
            bucket >= (since - _EPOCH) // _MICROSECOND // width,
            RequestLog.cost_microusd > 0,
        )
        .group_by(bucket)
    )


def _period(period: Period, today: date) -> tuple[date, int]:
    """The first day of the period, and its number."""
    if period is Period.DAY:
        return today, (today - _EPOCH_DAY).days
    return today.replace(day=1), today.year * 12 + today.month - 1


def _of_log(level: Level, subject_id: str) -> list[ColumnElement[bool]]:
    column, value = _subject(level, subject_id)
    return [] if column is None else [getattr(RequestLog, column) == value]


def _of_usage(level: Level, subject_id: str) -> list[ColumnElement[bool]]:
    column, value = _subject(level, subject_id)
    # As long as the sums keep names.
    return [] if column is None else [getattr(UsageDaily, column) == value[:MAX_NAME_LENGTH]]


def _subject(level: Level, subject_id: str) -> tuple[str | None, str]:
    return {
        Level.ORGANIZATION: (None, ""),
        Level.APPLICATION: ("application_id", subject_id),
        Level.API_KEY: ("subject", f"key:{subject_id}"),
        Level.USER: ("subject", f"user:{subject_id}"),
    }[level]
