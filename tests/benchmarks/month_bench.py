"""A month of traffic: how long the questions of administrators take over it.

    python -m tests.benchmarks month [REQUESTS] [FOLDER]

Ten million requests, the default, need about 15 GB of disk and half an hour; it stops making them
after LOAD_MINUTES and measures what is there. A FOLDER keeps the data for another run, which makes
the days that are missing.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.migrations import upgrade
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.postgres.usage.repository import UsageRepository
from controlplane.adapters.postgres.usage.roll_up import UsageRollUp
from controlplane.domain.questions import RequestFilter, UsageQuery
from controlplane.local.postgres import Postgres
from tests.benchmarks import traffic
from tests.benchmarks.processes import cpu_seconds_with_children
from tests.servers import OWNER, create_database

REQUESTS = 10_000_000
LOAD_MINUTES = 30
SUM_UP_SECONDS = 1_200
REPEATS = 40
NAME = "month_bench"
# The data lives for one run; memory as a small Aurora has it, not as a laptop's default.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "scram_iterations": "1",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
}
MONTH, WEEK, DAY = 30, 7, 1
# What usage is asked for, over each of these days.
_GROUPS = ("session", "tag", "agent", "end_user", "model", "application", "day")
_ONE: Sequence[tuple[str, dict[str, Any]]] = (
    ("one session, by model", {"group_by": ("model",), "session_id": "session-19000"}),
    ("one tag, by day", {"group_by": ("day",), "tag": "team:3"}),
    ("one tag, by model", {"group_by": ("model",), "tag": "team:3"}),
    ("one application, by tag", {"group_by": ("tag",), "application_id": "app-0"}),
    ("one application, by session", {"group_by": ("session",), "application_id": "app-0"}),
    ("by tag and model", {"group_by": ("tag", "model")}),
    ("by tag and day", {"group_by": ("tag", "day")}),
)
_PAGES = (
    ("requests of a session", RequestFilter(session_id="session-190000")),
    ("requests with a common tag", RequestFilter(tag="team:0")),
    ("requests with a rare tag", RequestFilter(tag="run:99")),
)
Question = Callable[[], Awaitable[object]]


def run(requests: str = str(REQUESTS), folder: str | None = None) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="llm-cp-month-") as temporary:
        server = Postgres(Path(folder or temporary) / "postgres", settings=SETTINGS)
        server.start()
        server.wait_ready()
        try:
            assert server.child is not None
            asyncio.run(_run(server.admin_url, int(requests), server.child.pid))
        finally:
            server.stop()


async def _run(server: str, requests: int, pid: int) -> None:
    url = _database(server)
    upgrade(url)
    database = Database(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET ROLE llm_cp_system")
        started, (first, last, _) = time.monotonic(), _days(connection)
        done = (last - first).days + 1 if first else 0
        traffic.generate(connection, requests, done=done, minutes=LOAD_MINUTES)
        first, last, counted = _days(connection)
        print(f"{counted:,} requests from {first} to {last}", flush=True)
        print(f"made in {time.monotonic() - started:.0f} s", flush=True)
        await _sum_up(connection, database, first, last)
        _print_sizes(connection)
    await _measure(database, last, pid)
    await database.close()


def _database(server: str) -> str:
    """The address of the database, made unless it is there already."""
    try:
        return create_database(server, NAME)
    except psycopg.errors.DuplicateDatabase:
        address = make_url(server).set(database=NAME, username=OWNER)
        return address.render_as_string(hide_password=False)


def _days(connection: psycopg.Connection[Any]) -> tuple[Any, Any, int]:
    """The first and the last day, and the number of requests."""
    found = connection.execute(
        "SELECT min(occurred_at)::date, max(occurred_at)::date, count(*) FROM request_logs "
        "WHERE org_id = %s",
        [traffic.ORG],
    ).fetchone()
    assert found is not None
    first, last, counted = found
    return first, last, counted


async def _sum_up(
    connection: psycopg.Connection[Any], database: Database, first: date, last: date
) -> None:
    """Daily sums by the statement of the migration, those by attribution by the event's."""
    if connection.execute("SELECT EXISTS (SELECT FROM usage_daily)").fetchone() == (True,):
        return
    sql = (Path(__file__).parents[2] / "migrations/sql/0003_governance.sql").read_text()
    statement = sql[sql.index("INSERT INTO usage_daily") : sql.index("RESET ROLE")]
    started = time.monotonic()
    connection.execute(statement.encode())
    print(f"daily sums in {time.monotonic() - started:.0f} s", flush=True)
    roll_up, started = UsageRollUp(database), time.monotonic()
    begin = first - timedelta(days=1)
    while begin <= last:
        end = begin + timedelta(days=WEEK - 1)
        for org_id in (traffic.ORG, *traffic.OTHERS):
            await roll_up.sum_up(org_id, begin, end, seconds=SUM_UP_SECONDS)
        begin = end + timedelta(days=1)
    print(f"sums by attribution in {time.monotonic() - started:.0f} s", flush=True)
    connection.execute("RESET ROLE")
    connection.execute("VACUUM ANALYZE usage_daily")
    connection.execute("VACUUM ANALYZE usage_attributed_daily")
    connection.execute("ANALYZE request_logs")
    connection.execute("SET ROLE llm_cp_system")


def _print_sizes(connection: psycopg.Connection[Any]) -> None:
    print("\n| table | rows | size |\n|---|---|---|")
    rows = connection.execute(
        "SELECT relid::regclass::text, reltuples::bigint, pg_total_relation_size(relid) / 1048576 "
        "FROM pg_partition_tree('usage_attributed_daily') JOIN pg_class ON oid = relid "
        "WHERE isleaf UNION ALL SELECT 'usage_daily', reltuples::bigint, "
        "pg_total_relation_size(oid) / 1048576 FROM pg_class WHERE relname = 'usage_daily' "
        "UNION ALL SELECT 'request_logs', sum(reltuples)::bigint, "
        "sum(pg_total_relation_size(relid)) / 1048576 FROM pg_partition_tree('request_logs') "
        "JOIN pg_class ON oid = relid WHERE isleaf ORDER BY 1"
    )
    for name, number, megabytes in rows:
        print(f"| `{name}` | {number:,} | {megabytes:,.0f} MB |")


async def _measure(database: Database, last: date, pid: int) -> None:
    usage, requests = UsageRepository(database), RequestLogRepository(database)

    def usage_of(days: int, **asked: Any) -> Question:
        top = 100 if asked.get("group_by") in (("session",), ("end_user",)) else None
        query = UsageQuery(last - timedelta(days=days - 1), last, top=top, **asked)
        return lambda: usage.sums(traffic.ORG, query)

    def page_of(where: RequestFilter) -> Question:
        return lambda: requests.page(traffic.ORG, limit=50, where=where)

    asked = [(f"by {name}", {"group_by": (name,)}) for name in _GROUPS]
    questions = {
        f"{title}, {days} days": usage_of(days, **query)
        for title, query in (*asked, *_ONE)
        for days in (MONTH, WEEK, DAY)
    }
    questions |= {title: page_of(where) for title, where in _PAGES}
    print("\n| question | p50 | p95 | CPU of the server |\n|---|---|---|---|")
    for title, ask in questions.items():
        print(f"| {title} | {await _times(ask, pid)} |", flush=True)


async def _times(ask: Question, pid: int) -> str:
    """p50, p95 and the server's CPU in ms; the first one is not counted."""
    await ask()
    times, before = [], cpu_seconds_with_children(pid)
    for _ in range(REPEATS):
        started = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - started) * 1000)
    cpu = (cpu_seconds_with_children(pid) - before) * 1000 / REPEATS
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[18]
    return f"{p50:,.0f} ms | {p95:,.0f} ms | {cpu:,.0f} ms"
