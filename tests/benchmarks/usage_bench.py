"""Time of usage queries over the daily sums, beside the same questions asked of every record.

    python -m tests.benchmarks usage [ROWS]

Ten million records, the default, need about 8 GB of disk below the directory for temporary files,
and some minutes. It stops by itself after LOAD_MINUTES and measures what is there by then.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.dialects import postgresql

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.migrations import upgrade
from controlplane.adapters.postgres.usage.repository import UsageRepository, usage_statement
from controlplane.domain.questions import UsageQuery
from tests import servers

ROWS = 10_000_000
LOAD_MINUTES = 25
DAYS = 90
ORG = "org-bench"
REPEATS = 7
# A thousand applications with two keys each and three models a key, some used far more than others.
_LOAD = """
INSERT INTO request_logs (request_id, occurred_at, admitted_at, org_id, subject, role, status,
    application_id, operation, stream, model_requested, model_served, provider, attempts,
    tokens_input, tokens_output, tokens_cached, tokens_reasoning, cost_microusd, latency_ms,
    overhead_ms, screening, degraded, schema_version, archive_key, policy_version)
SELECT 'req_' || md5(%(day)s::text || i), at, at, 'org-bench', 'key:key-' || key, 'service',
    CASE WHEN chance < 0.01 THEN 429 WHEN chance < 0.013 THEN 503 ELSE 200 END,
    'app-' || key / 2, 'chat.completions', false, model, model,
    (ARRAY['openai', 'azure', 'anthropic'])[1 + key %% 3],
    '[{"provider": "openai", "model": "m", "status": 200, "failure": null, "latency_ms": 800}]',
    (chance * 4000)::bigint, (chance * 700)::bigint, 0, 0, (chance * 17000)::bigint,
    (200 + chance * 4000)::bigint, 8, '{}', false, 1,
    'audit/org=org-bench/dt=2026-01-01/' || md5(%(day)s::text || i / 100) || '.jsonl.gz',
    'organization:org-bench:1'
FROM (
    SELECT i, chance, key, at, 'model-' || (key * 7 + i %% 3) %% 12 AS model
    FROM (
        SELECT i, random() AS chance, (2000 * random() * random())::int AS key,
               %(day)s::timestamptz + i * (interval '1 day' / %(rows)s) AS at
        FROM generate_series(0, %(rows)s - 1) AS i
    ) AS drawn
) AS named
"""
_COUNTED = {
    "model": "coalesce(model_served, model_requested, '')",
    "application": "coalesce(application_id, '')",
    "user": "subject",
    "day": "(coalesce(admitted_at, occurred_at) AT TIME ZONE 'UTC')::date",
}


@dataclass(frozen=True)
class Question:
    """A query, in the words of the admin API."""

    title: str
    days: int
    group_by: tuple[str, ...] = ()
    application_id: str | None = None

    def query(self, last: date) -> UsageQuery:
        first = last - timedelta(days=self.days - 1)
        return UsageQuery(first, last, self.group_by, self.application_id)


QUESTIONS = (
    Question("total of 30 days", 30),
    Question("30 days by model, day", 30, ("model", "day")),
    Question("90 days by application", DAYS, ("application",)),
    Question("90 days by user", DAYS, ("user",)),
    Question("one application, 90 days by model, day", DAYS, ("model", "day"), "app-7"),
)


def run(rows: int = ROWS) -> None:
    """Print the tables."""
    last = datetime.now(UTC).date() - timedelta(days=1)
    with (
        tempfile.TemporaryDirectory(prefix="llm-cp-usage-") as folder,
        servers.postgres(Path(folder)) as server,
    ):
        url = servers.create_database(server, "usage_bench")
        upgrade(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET ROLE llm_cp_system")
            _load(connection, rows, last)
            _sum_up(connection)
            asyncio.run(_measure(url, connection, last))


def _load(connection: psycopg.Connection[Any], rows: int, last: date) -> None:
    started, loaded = time.monotonic(), 0
    for ago in range(DAYS):
        day = last - timedelta(days=ago)
        connection.execute("SELECT ensure_request_log_partitions(%s, 1)", [day])
        connection.execute(_LOAD, {"day": day, "rows": rows // DAYS})
        loaded += rows // DAYS
        if time.monotonic() - started > LOAD_MINUTES * 60:
            print(f"Stopped loading after {LOAD_MINUTES} minutes.")
            break
    seconds = time.monotonic() - started
    print(
        f"\nUsage: {loaded:,} records in {seconds:.0f} s ({loaded / seconds:,.0f} a second)",
        flush=True,
    )


def _sum_up(connection: psycopg.Connection[Any]) -> None:
    """By the statement of the migration, which does it for what is there before it runs."""
    sql = (Path(__file__).parents[2] / "migrations/sql/0003_governance.sql").read_text()
    statement = sql[sql.index("INSERT INTO usage_daily") : sql.index("RESET ROLE")]
    seconds = _seconds(lambda: connection.execute(statement.encode()))
    connection.execute("RESET ROLE")
    connection.execute("VACUUM ANALYZE usage_daily")
    connection.execute("ANALYZE request_logs")
    connection.execute("SET ROLE llm_cp_system")
    counted = connection.execute("SELECT count(*), sum(requests) FROM usage_daily").fetchone()
    assert counted is not None
    print(
        f"Summed up in {seconds:.0f} s: {counted[0]:,} rows of {counted[1]:,} requests\n",
        flush=True,
    )


async def _measure(url: str, connection: psycopg.Connection[Any], last: date) -> None:
    database = Database(url)
    usage = UsageRepository(database)
    print("| question | rows | daily sums, p50 | every record | ratio |")
    print("|---|---|---|---|---|")
    for question in QUESTIONS:
        query = question.query(last)
        times, answer = [], await usage.sums(ORG, query)
        for _ in range(REPEATS):
            started = time.perf_counter()
            answer = await usage.sums(ORG, query)
            times.append(time.perf_counter() - started)
        sums, records = statistics.median(times), _seconds_of_records(connection, query, answer)
        print(
            f"| {question.title} | {len(answer):,} | {sums * 1000:.0f} ms "
            f"| {records * 1000:,.0f} ms | {records / sums:,.0f} |"
        )
    await database.close()
    _print_plan(connection, QUESTIONS[1].query(last))


def _seconds_of_records(
    connection: psycopg.Connection[Any], query: UsageQuery, answer: list[dict[str, Any]]
) -> float:
    """The same of `request_logs`; the answers have to agree."""
    columns = [_COUNTED[name] for name in query.group_by]
    places = ", ".join(str(number + 1) for number in range(len(columns)))
    only = " AND application_id = %(application_id)s" if query.application_id else ""
    statement = (
        f"SELECT {', '.join([*columns, 'count(*)', 'sum(tokens_input)', 'sum(cost_microusd)'])} "
        "FROM request_logs WHERE org_id = %(org)s AND occurred_at >= %(first)s "
        f"AND occurred_at < %(last)s::date + 1{only}"
        + (f" GROUP BY {places} ORDER BY {places}" if columns else "")
    )
    values = {
        "org": ORG,
        "first": query.first,
        "last": query.last,
        "application_id": query.application_id,
    }
    started = time.perf_counter()
    found = connection.execute(statement.encode(), values).fetchall()
    seconds = time.perf_counter() - started
    assert sorted(row[-3:] for row in found) == sorted(
        (row["requests"], row["tokens_input"], row["cost_microusd"]) for row in answer
    )
    return seconds


def _print_plan(connection: psycopg.Connection[Any], query: UsageQuery) -> None:
    compiled = usage_statement(ORG, query).compile(
        dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
    )
    print(f"\nThe plan of '{QUESTIONS[1].title}':\n")
    for (line,) in connection.execute(f"EXPLAIN (ANALYZE, BUFFERS) {compiled}".encode()):
        print(f"    {line}")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
