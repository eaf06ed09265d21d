"""A month of generated traffic: the records of one busy organisation, and of others beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

ORG = "org-bench"
DAYS = 30
SESSIONS = 200_000
# A twentieth of the traffic each.
OTHERS = ("org-other-1", "org-other-2", "org-other-3")
SHARE = 20
_DAY = (Path(__file__).parent / "traffic.sql").read_text()


# Those that are not the primary key.
_INDEXES = (
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
    "WHERE indrelid = 'request_logs'::regclass AND NOT indisprimary"
)


def generate(
    connection: psycopg.Connection[Any], requests: int, *, done: int, minutes: float
) -> None:
    """Fill `request_logs` day by day up to yesterday, the newest first, `done` of which are there;
    stops after DAYS, or after so many `minutes`."""
    if done >= DAYS:
        return
    started = time.monotonic()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    with _indexes_made_afterwards(connection):
        while done < DAYS and time.monotonic() - started < minutes * 60:
            _make_day(connection, requests // DAYS, yesterday - timedelta(days=done), DAYS - done)
            done += 1


def _make_day(connection: psycopg.Connection[Any], requests: int, day: date, number: int) -> None:
    connection.execute("SELECT ensure_request_log_partitions(%s, 1)", [day])
    for org_id in (ORG, *OTHERS):
        share = 1 if org_id == ORG else SHARE
        values = {
            "org": org_id,
            "day": day,
            "number": number,
            "rows": requests // share,
            "sessions": SESSIONS // DAYS // share,
        }
        connection.execute(_DAY.encode(), values)


@contextmanager
def _indexes_made_afterwards(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """As a restore makes them: row by row they would take most of the time."""
    indexes = connection.execute(_INDEXES.encode()).fetchall()
    connection.execute("RESET ROLE")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}".encode())
    connection.execute("SET ROLE llm_cp_system")
    try:
        yield
    finally:
        connection.execute("RESET ROLE")
        connection.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            connection.execute(definition.replace(" ON ONLY ", " ON ").encode())
        connection.execute("SET ROLE llm_cp_system")
