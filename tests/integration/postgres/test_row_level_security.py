"""A tenant's session and the rows of others, in every table that the catalogue knows.

Twice: with a login that is a superuser, and with one that merely owns its database, as on RDS.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from tests.servers import create_database

from controlplane.adapters.postgres.engine import Database, sqlstate_of
from controlplane.adapters.postgres.migrations import upgrade

OURS, THEIRS = "org-ours", "org-theirs"
WITHOUT_ORGANISATION = {"alembic_version"}
# A row per table for `:org`, parents first. A new table fails the first test until it has one.
ROWS = {
    "organizations": "INSERT INTO organizations (id, name) VALUES (:org, 'n')",
    "applications": "INSERT INTO applications (org_id, id, name) VALUES (:org, :id, 'n')",
    "api_keys": "INSERT INTO api_keys (id, org_id, name, role, key_hash, prefix) VALUES "
    "(:id, :org, 'n', 'admin', md5(:id) || md5(:id), 'sk-cp-')",
    "policies": "INSERT INTO policies (org_id, level, subject_id, document) VALUES "
    "(:org, 'user', :id, '{}')",
    "model_routes": "INSERT INTO model_routes (org_id, alias, strategy, targets) VALUES "
    "(:org, :id, 'priority', '[]')",
    "request_logs": "INSERT INTO request_logs (request_id, occurred_at, org_id, subject, role, "
    "status, operation, stream, attempts, tokens_input, tokens_output, tokens_cached, "
    "tokens_reasoning, latency_ms, overhead_ms, screening, degraded, schema_version) VALUES "
    "(:id, now(), :org, 's', 'admin', 200, 'o', false, '[]', 0, 0, 0, 0, 0, 0, '{}', false, 1)",
    "policy_versions": "INSERT INTO policy_versions (org_id, level, subject_id, version, "
    "changed_by) VALUES (:org, 'user', :id, 1, 'user:u')",
    "model_prices": "INSERT INTO model_prices (org_id, provider, model, input, output) VALUES "
    "(:org, 'openai', :id, 2.5, 10)",
    "admin_changes": "INSERT INTO admin_changes (org_id, actor, action, resource, resource_id) "
    "VALUES (:org, 'user:u', 'create', 'price', :id)",
    "usage_daily": "INSERT INTO usage_daily (org_id, day, application_id, subject, provider, "
    "model) VALUES (:org, current_date, '', :id, '', '')",
    "usage_attributed_daily": "INSERT INTO usage_attributed_daily (org_id, kind, day, name, "
    "application_id, provider, model) VALUES (:org, 'tag', current_date, :id, '', '', '')",
    "usage_unattributed_days": "INSERT INTO usage_unattributed_days (org_id, day) VALUES "
    "(:org, date '2026-01-01' + ('x' || left(:id, 4))\\:\\:bit(16)\\:\\:int)",
    "notification_settings": "INSERT INTO notification_settings (org_id, document) VALUES "
    "(:org, '{}') ON CONFLICT DO NOTHING",
    "budget_warnings": "INSERT INTO budget_warnings (org_id, budget, capacity, period, reached) "
    "VALUES (:org, :id, 1, '', 80)",
}
TABLES = (
    "SELECT c.relname, a.attname FROM pg_class c "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid "
    "AND a.attname = CASE c.relname WHEN 'organizations' THEN 'id' ELSE 'org_id' END "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
    "AND {partitions} c.relispartition ORDER BY c.relname"
)


@dataclass(frozen=True)
class Installation:
    """A migrated database with a row of both organisations in every table."""

    url: str
    database: Database
    tables: dict[str, str]  # name -> the column that holds the organisation
    partitions: list[str]


@pytest.fixture(scope="module", params=["superuser", "owner"])
def migrated(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[str]:
    name = f"rls_{uuid.uuid4().hex[:12]}"
    url = create_database(postgres_server, name)
    upgrade(url)
    if request.param == "superuser":
        url = make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    yield url
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def installation(migrated: str) -> AsyncIterator[Installation]:
    database = Database(migrated)
    async with database.system() as connection:
        found = await connection.execute(text(TABLES.format(partitions="NOT")))
        tables = {name: column for name, column in found if name not in WITHOUT_ORGANISATION}
        partitions = [
            row[0] for row in await connection.execute(text(TABLES.format(partitions="")))
        ]
        for org_id in (OURS, THEIRS):
            for table, insert in ROWS.items():
                if table != "organizations" or not await _holds(connection, org_id):
                    await connection.execute(text(insert), {"org": org_id, "id": _new_id()})
    yield Installation(migrated, database, tables, partitions)
    await database.close()


async def _holds(connection: Any, org_id: str) -> bool:
    query = text("SELECT EXISTS (SELECT FROM organizations WHERE id = :id)")
    return bool(await connection.scalar(query, {"id": org_id}))


def _new_id() -> str:
    return uuid.uuid4().hex


async def _snapshot(installation: Installation, table: str, org_id: str) -> list[str]:
    column = installation.tables[table]
    query = f"SELECT to_jsonb(t)::text FROM {table} t WHERE {column} = :org ORDER BY 1"
    async with installation.database.system() as connection:
        return list((await connection.scalars(text(query), {"org": org_id})).all())


async def _attempt(installation: Installation, statement: str, **values: str) -> int | str:
    """How many rows a tenant's statement reached, or the SQLSTATE that it met."""
    try:
        async with installation.database.tenant(OURS) as connection:
            return (await connection.execute(text(statement), values)).rowcount
    except DBAPIError as error:
        return str(sqlstate_of(error))


REFUSED = "42501"  # insufficient privilege, a violated policy included


async def test_every_table_has_an_organisation_and_a_row_here(installation: Installation) -> None:
    assert set(installation.tables) == set(ROWS)
    assert None not in installation.tables.values()


async def test_every_table_and_partition_is_under_row_level_security(
    installation: Installation,
) -> None:
    query = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    async with installation.database.system() as connection:
        protected = set((await connection.scalars(text(query))).all())
    assert set(installation.tables) | set(installation.partitions) <= protected
    assert len(installation.partitions) >= 5


async def test_a_tenant_reads_its_own_rows_only(installation: Installation) -> None:
    async with installation.database.tenant(OURS) as connection:
        for table, column in installation.tables.items():
            found = await connection.scalars(text(f"SELECT DISTINCT {column} FROM {table}"))
            assert found.all() == [OURS], table


async def test_a_tenant_changes_no_row_of_others(installation: Installation) -> None:
    for table, column in installation.tables.items():
        before = await _snapshot(installation, table, THEIRS)
        assert before, table
        for statement in (
            f"UPDATE {table} SET {column} = {column} WHERE {column} = :theirs",
            f"UPDATE {table} SET {column} = '{OURS}' WHERE {column} = :theirs",
            f"DELETE FROM {table} WHERE {column} = :theirs",
        ):
            assert await _attempt(installation, statement, theirs=THEIRS) in (0, REFUSED), statement
        assert await _snapshot(installation, table, THEIRS) == before


async def test_a_tenant_makes_no_row_for_others(installation: Installation) -> None:
    for table, insert in ROWS.items():
        org_id = f"org-{_new_id()}" if table == "organizations" else THEIRS
        assert await _attempt(installation, insert, org=org_id, id=_new_id()) == REFUSED, table


async def test_a_tenant_gives_no_row_away(installation: Installation) -> None:
    for table, column in installation.tables.items():
        before = await _snapshot(installation, table, OURS)
        statement = f"UPDATE {table} SET {column} = :theirs WHERE {column} = :ours"
        assert await _attempt(installation, statement, theirs=THEIRS, ours=OURS) == REFUSED, table
        assert await _snapshot(installation, table, OURS) == before


async def test_a_tenant_writes_where_it_may(installation: Installation) -> None:
    """The control: the refusals above are about whose rows, not about writing as such."""
    rename = f"UPDATE organizations SET name = 'x' WHERE id = '{OURS}'"
    assert await _attempt(installation, rename) == 1
    for table in (
        *("applications", "api_keys", "policies", "model_routes"),
        *("policy_versions", "model_prices", "admin_changes"),
    ):
        assert await _attempt(installation, ROWS[table], org=OURS, id=_new_id()) == 1, table


async def test_partitions_are_no_way_around(installation: Installation) -> None:
    for partition in installation.partitions:
        assert await _attempt(installation, f"SELECT count(*) FROM {partition}") == REFUSED


async def test_nobody_rewrites_the_audit_trail(installation: Installation) -> None:
    for statement in (
        "UPDATE request_logs SET status = 200",
        "UPDATE admin_changes SET actor = 'user:other'",
        "DELETE FROM admin_changes",
        "UPDATE policy_versions SET version = 2",
        "DELETE FROM policy_versions",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with installation.database.system() as connection:
                await connection.execute(text(statement))


@pytest.mark.parametrize(
    ("table", "may_leave"),
    [
        ("request_logs", "code = 'hold_expired' AND status = 500"),
        ("usage_daily", "requests <= 0"),
    ],
)
async def test_only_what_has_no_outcome_leaves_the_trail_and_its_sums(
    installation: Installation, table: str, may_leave: str
) -> None:
    async with installation.database.system() as connection:
        if table == "usage_daily":
            await connection.execute(text("UPDATE usage_daily SET requests = 1"))
        kept = f"SELECT count(*) FROM {table} WHERE ({may_leave}) IS NOT TRUE"
        before = await connection.scalar(text(kept))
        assert before
        await connection.execute(text(ROWS[table]), {"org": OURS, "id": _new_id()})
        await connection.execute(text(f"DELETE FROM {table}"))
        added = 0 if table == "usage_daily" else 1
        assert await connection.scalar(text(kept)) == before + added
        assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == before + added


@pytest.mark.parametrize("table", ["usage_daily", "usage_attributed_daily"])
async def test_a_tenant_adds_nothing_to_its_usage(installation: Installation, table: str) -> None:
    assert await _attempt(installation, ROWS[table], org=OURS, id=_new_id()) == REFUSED
    for statement in (f"UPDATE {table} SET cost_microusd = 0", f"DELETE FROM {table}"):
        assert await _attempt(installation, statement) == REFUSED


async def test_no_organisation_set_means_no_row(installation: Installation) -> None:
    async with installation.database.system() as connection:
        await connection.execute(text("SET LOCAL ROLE llm_cp_tenant"))
        for table in installation.tables:
            assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


async def test_the_owner_itself_sees_nothing_without_a_role(installation: Installation) -> None:
    with psycopg.connect(installation.url) as login:
        row = login.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        if row == (True,):
            return  # PostgreSQL holds no superuser to a policy: hence the role in each transaction
        for table in installation.tables:
            assert login.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
