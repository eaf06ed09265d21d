"""Days that were recorded before their usage was summed up by session, agent, end user and tag."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, Text, delete, func, literal, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import LONG_SECONDS, Database
from controlplane.adapters.postgres.tables import (
    MAX_NAME_LENGTH,
    USAGE_ATTRIBUTED_DAILY,
    USAGE_UNATTRIBUTED_DAYS,
    UsageDaily,
)
from controlplane.adapters.postgres.usage.attributed import COLUMNS, KEY, by_model
from controlplane.adapters.postgres.usage.of_requests import GROUPS, SUMS, of_records, with_tags
from controlplane.domain.questions import ATTRIBUTIONS, USAGE_SUMS

# Consumers wait while a day is summed up, and their messages come again where it takes too long.
DAY_SECONDS = 120.0
_PATIENCE = text("SELECT set_config('statement_timeout', :milliseconds, true)")
# The records that a consumer has stored but not added yet are not seen here: it waits for this lock
# and adds them afterwards. Those that it has added are seen.
_ALONE = text("LOCK TABLE ONLY usage_attributed_daily IN SHARE ROW EXCLUSIVE MODE")
_NOT_SAID = literal_column("''", Text())
_sums, _days = USAGE_ATTRIBUTED_DAILY.c, USAGE_UNATTRIBUTED_DAYS.c


class UsageRollUp:
    """Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def days(self) -> list[tuple[str, date]]:
        """Organisations and days that are to be summed up, the newest first."""
        query = select(_days.org_id, _days.day).order_by(_days.day.desc(), _days.org_id)
        async with self._database.system(deadline_seconds=LONG_SECONDS) as connection:
            return [(org_id, day) for org_id, day in await connection.execute(query)]

    async def note(self, first: date) -> None:
        """Have all days with usage from this one on summed up anew."""
        used = select(UsageDaily.org_id, UsageDaily.day).where(UsageDaily.day >= first).distinct()
        noted = insert(USAGE_UNATTRIBUTED_DAYS).from_select(("org_id", "day"), used)
        async with self._database.system(deadline_seconds=LONG_SECONDS) as connection:
            await connection.execute(noted.on_conflict_do_nothing())

    async def sum_up(
        self, org_id: str, first: date, last: date, *, seconds: float = DAY_SECONDS
    ) -> None:
        """Make the sums of these days anew from the records, all or nothing."""
        async with self._database.system(deadline_seconds=seconds) as connection:
            await connection.execute(_PATIENCE, {"milliseconds": f"{seconds * 1000:.0f}"})
            await connection.execute(_ALONE)
            for columns in (_sums, _days):
                await connection.execute(
                    delete(columns.day.table).where(
                        columns.org_id == org_id, columns.day.between(first, last)
                    )
                )
            for kind in ATTRIBUTIONS:
                await _fill(connection, _of_records(kind, org_id, first, last))
                await _fill(connection, _of_models(kind, org_id, first, last))


async def _fill(connection: AsyncConnection, rows: Select[Any]) -> None:
    await connection.execute(insert(USAGE_ATTRIBUTED_DAILY).from_select(COLUMNS, rows))


def _of_records(kind: str, org_id: str, first: date, last: date) -> Select[Any]:
    names = {
        "name": _name(GROUPS[kind]),
        "application_id": _name(GROUPS["application"]),
        "provider": _name(GROUPS["provider"]),
        "model": _name(GROUPS["model"]),
    }
    key = {"org_id": literal(org_id), "kind": literal(by_model(kind)), "day": GROUPS["day"]} | names
    rows = of_records(_rows(key, SUMS), org_id, first, last)
    return (with_tags(rows) if kind == "tag" else rows).group_by(key["day"], *names.values())


def _of_models(kind: str, org_id: str, first: date, last: date) -> Select[Any]:
    groups = (_sums.day, _sums.name, _sums.application_id)
    key: dict[str, Any] = {name: _sums[name] for name in KEY} | {
        "kind": literal(kind),
        "provider": _NOT_SAID,
        "model": _NOT_SAID,
    }
    sums = {name: func.sum(_sums[name]) for name in USAGE_SUMS}
    whose = (_sums.org_id == org_id, _sums.kind == by_model(kind), _sums.day.between(first, last))
    return _rows(key, sums).where(*whose).group_by(_sums.org_id, *groups)


def _rows(key: Mapping[str, Any], sums: Mapping[str, Any]) -> Select[Any]:
    return select(*(key[name] for name in KEY), *(sums[name] for name in USAGE_SUMS))


def _name(column: Any) -> Any:
    return func.left(func.coalesce(column, _NOT_SAID), MAX_NAME_LENGTH)
