"""The months of the audit trail: made ahead, once, by whoever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime

import psycopg
import pytest
from sqlalchemy import func, select, text
from tests.audit_events import audit_event

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.migrations import upgrade
from controlplane.adapters.postgres.request_logs.repository import (
    EventId,
    RequestLogRepository,
    Written,
    event_id,
)
from controlplane.domain.audit import AuditEvent

ROW = (
    "INSERT INTO request_logs (request_id, occurred_at, org_id, subject, role, status, operation, "
    "stream, attempts, tokens_input, tokens_output, tokens_cached, tokens_reasoning, latency_ms, "
    "overhead_ms, screening, degraded, schema_version) VALUES "
    "(:id, :at, 'org-1', 's', 'admin', 200, 'o', false, '[]', 0, 0, 0, 0, 0, 0, '{}', false, 1)"
)
WHERE = text("SELECT tableoid::regclass::text FROM request_logs WHERE request_id = :id")
PARTITIONS = text(
    "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' "
    "AND relname LIKE 'request_logs%' ORDER BY relname"
)
FIRST = datetime(2031, 1, 1, tzinfo=UTC)


@pytest.fixture
async def fresh(fresh_url: str) -> AsyncIterator[Database]:
    database = Database(fresh_url, long_lived=True)
    yield database
    await database.close()


async def _ensure(database: Database, first: date, months: int) -> int | None:
    async with database.system() as connection:
        missing: int | None = await connection.scalar(
            select(func.ensure_request_log_partitions(first, months))
        )
    return missing


async def _partitions(database: Database) -> list[str]:
    async with database.system() as connection:
        return list((await connection.scalars(PARTITIONS)).all())


async def _insert(database: Database, request_id: str, at: datetime) -> None:
    async with database.system() as connection:
        await connection.execute(text(ROW), {"id": request_id, "at": at})


async def _partition_of(database: Database, request_id: str) -> list[str]:
    async with database.system() as connection:
        return list((await connection.scalars(WHERE, {"id": request_id})).all())


@pytest.mark.dates
@pytest.mark.usefixtures("whole_day")
async def test_the_migration_makes_last_month_and_those_ahead(empty_url: str) -> None:
    upgrade(empty_url)
    today = datetime.now(UTC)
    months = [divmod(today.year * 12 + today.month - 2 + i, 12) for i in range(6)]
    expected = [f"request_logs_{year}_{month + 1:02d}" for year, month in months]
    database = Database(empty_url)
    assert await _partitions(database) == [*expected, "request_logs_default"]
    await database.close()


@pytest.mark.dates
async def test_rows_go_to_their_month_of_utc_whatever_the_session_says(fresh: Database) -> None:
    assert await _ensure(fresh, date(2030, 12, 15), 2) == 0
    await _insert(fresh, "last", FIRST.replace(year=2030, month=12, day=31, hour=23, minute=59))
    await _insert(fresh, "first", FIRST)
    assert await _partition_of(fresh, "last") == ["request_logs_2030_12"]
    assert await _partition_of(fresh, "first") == ["request_logs_2031_01"]


@pytest.mark.dates
async def test_a_missing_month_is_caught_and_sorted_later(fresh: Database) -> None:
    await _insert(fresh, "early", FIRST)
    await _insert(fresh, "later", FIRST.replace(month=2))
    assert await _partition_of(fresh, "early") == ["request_logs_default"]
    assert await _ensure(fresh, date(2031, 1, 1), 1) == 0
    assert await _partition_of(fresh, "early") == ["request_logs_2031_01"]
    assert await _partition_of(fresh, "later") == ["request_logs_default"]


async def test_again_changes_nothing(fresh: Database) -> None:
    assert await _ensure(fresh, date(2031, 1, 1), 3) == 0
    before = await _partitions(fresh)
    assert await _ensure(fresh, date(2031, 1, 31), 3) == 0
    assert await _partitions(fresh) == before


async def test_many_at_once_with_writers_in_between(fresh: Database) -> None:
    """A row on its way to the default partition meets the partition that it now belongs to."""
    logs = RequestLogRepository(fresh)

    async def write(name: str, day: int) -> Written:
        event = audit_event(request_id=name, occurred_at=FIRST.replace(day=day))
        return await logs.write([event], _nowhere)

    for year in range(2031, 2036):
        first = date(year, 1, 1)
        _, written = await asyncio.gather(
            asyncio.gather(*(_ensure(fresh, first, 4) for _ in range(4))),
            asyncio.gather(*(write(f"{year}-{day}", day) for day in range(1, 6))),
        )
        assert await _ensure(fresh, first, 4) == 0
        assert [(len(w.new), w.refused) for w in written] == [(1, {})] * 5
    names = await _partitions(fresh)
    assert sum(name.startswith("request_logs_203") for name in names) == 5 * 4
    for day in range(1, 6):
        assert await _partition_of(fresh, f"2031-{day}") == ["request_logs_2031_01"]


async def _nowhere(events: Sequence[AuditEvent]) -> dict[EventId, str]:
    return {event_id(event): "nowhere" for event in events}


async def test_a_long_reader_does_not_stop_the_writers(fresh: Database, fresh_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(fresh_url) as dump:
        await dump.execute("LOCK TABLE request_logs_default IN ACCESS SHARE MODE")
        assert await _ensure(fresh, date(2031, 1, 1), 3) == 3, "all three are still missing"
        await _insert(fresh, "meanwhile", FIRST)
    assert await _ensure(fresh, date(2031, 1, 1), 3) == 0
    assert await _partition_of(fresh, "meanwhile") == ["request_logs_2031_01"]
