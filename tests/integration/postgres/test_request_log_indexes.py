"""A page of the audit trail reads what it shows, not the whole trail: the plans say so."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from tests.servers import create_database

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.queries import page_statement
from controlplane.domain.questions import RequestFilter

pytestmark = pytest.mark.dates

ORG = "org-1"
ROWS = 40_000
# Mid-month, whatever today is: a partition with a handful of rows would be read without an index.
NEWEST = datetime(2031, 2, 14, tzinfo=UTC)
# Ten applications, fifty keys, two organisations; one request in a thousand failed.
GENERATE = f"""
INSERT INTO request_logs (request_id, occurred_at, org_id, subject, role, status, application_id,
    operation, stream, attempts, tokens_input, tokens_output, tokens_cached, tokens_reasoning,
    latency_ms, overhead_ms, screening, degraded, schema_version, session_id)
SELECT 'r' || i, timestamptz '{NEWEST.isoformat()}' - i * interval '1 minute', 'org-' || i % 2,
    'key:k' || i % 50, 'service',
    CASE WHEN i % 1000 = 1 THEN 503 ELSE 200 END, 'app-' || i % 10, 'chat.completions', false, '[]',
    10, 10, 0, 0, 100, 1, '{{}}', false, 1,
    CASE WHEN i % 4 = 1 THEN 's' || i % 1000 END
FROM generate_series(1, {ROWS}) AS i
"""


@pytest.fixture(scope="module")
def filled(postgres_server: str, migrated: str) -> Iterator[str]:
    """An own database with the records of four weeks, half of them in the month before."""
    name = f"plans_{uuid.uuid4().hex[:12]}"
    url = create_database(postgres_server, name, migrated)
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        connection.execute("SELECT ensure_request_log_partitions('2031-01-01', 2)")
        connection.execute(GENERATE.encode())
        connection.execute("RESET ROLE")
        connection.execute("ANALYZE request_logs")
    yield url
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def _plan(url: str, where: RequestFilter) -> dict[str, Any]:
    """What PostgreSQL really did for the first page of 50."""
    database = Database(url)
    statement = page_statement(ORG, where, limit=50, before=None)
    sql = str(
        statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    )
    async with database.tenant(ORG) as connection:
        explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}".replace(":", r"\:"))
        plan: dict[str, Any] = (await connection.scalar(explain))[0]["Plan"]
    await database.close()
    return plan


async def _scans(url: str, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """The scans of partitions that hold a record; an empty one is read in any way."""
    database = Database(url)
    async with database.system() as connection:
        found = await connection.scalars(
            text(r"SELECT DISTINCT tableoid\:\:regclass\:\:text FROM request_logs")
        )
        holding = set(found)
    await database.close()
    assert len(holding) == 2
    return [node for node in _nodes(plan) if node.get("Relation Name") in holding]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _rows_read(plan: dict[str, Any]) -> float:
    """Of all scans: what they gave on, and what they looked at and left out."""
    read: float = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in _nodes(plan)
        if "Scan" in node["Node Type"]
    )
    return read


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (RequestFilter(), "org_id_occurred_at_request_id_idx"),
        (RequestFilter(application_id="app-1"), "org_id_application_id_occurred_at_idx"),
        (RequestFilter(subject="key:k1"), "org_id_subject_occurred_at_idx"),
        (RequestFilter(status=(400, 499)), "org_id_occurred_at_request_id_idx1"),
        (RequestFilter(status=(503, 503)), "org_id_occurred_at_request_id_idx1"),
        (RequestFilter(session_id="s5"), "org_id_session_id_occurred_at_idx"),
        (
            RequestFilter(since=NEWEST - timedelta(days=10)),
            "org_id_occurred_at_request_id_idx",
        ),
    ],
)
async def test_a_page_reads_an_index_and_little_more_than_it_shows(
    filled: str, where: RequestFilter, index: str
) -> None:
    plan = await _plan(filled, where)
    scans = await _scans(filled, plan)
    used = {node.get("Index Name", node["Node Type"]) for node in scans}
    assert used
    assert all(name.endswith(index) for name in used), used
    assert _rows_read(plan) <= 120


async def test_without_an_index_that_is_another_matter(filled: str) -> None:
    """The control: this filter has none, and what it leaves out is read all the same."""
    plan = await _plan(filled, RequestFilter(code="none"))
    assert _rows_read(plan) > 10_000
