"""The migration gives rotated keys a lineage, and leaves apart what was governed apart."""

from __future__ import annotations

import hashlib

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from controlplane.adapters.postgres import migrations
from controlplane.adapters.postgres.engine import psycopg_url
from controlplane.adapters.postgres.migrations import upgrade

BEFORE = "0008"
KEY = """
INSERT INTO api_keys (id, org_id, name, role, key_hash, prefix, created_at, replaces)
VALUES (%(id)s, 'org-1', 'k', 'admin', %(hash)s, 'sk-cp-', %(at)s, %(replaces)s)
"""
VERSION = """
INSERT INTO policy_versions (org_id, level, subject_id, version, document, changed_by, changed_at)
VALUES ('org-1', 'api-key', %s, 1, '{}', 'test', %s)
"""
# Each made on the day after the one that it replaces: a1 <- a2 <- a3.
CHAINS = ["a1", "a2", "a3"], ["b1", "b2"], ["c1", "c2", "c3"], ["d1"], ["e1", "e2", "e3"]
# b's policy was there when it was rotated, c2 has one of its own, e1's was written afterwards.
WRITTEN = {"b1": 1, "c2": 2, "e1": 3}


@pytest.fixture
def url(empty_url: str) -> str:
    """A database before the migration."""
    upgrade(empty_url, BEFORE)
    with psycopg.connect(empty_url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        connection.execute("INSERT INTO organizations (id, name) VALUES ('org-1', 'One')")
        for chain in CHAINS:
            for number, key_id in enumerate(chain):
                replaces = chain[number - 1] if number else None
                at = f"2026-01-0{number + 1}T12:00:00Z"
                add_key(connection, key_id, at, replaces)
        add_key(connection, "f2", "2026-01-02T12:00:00Z", "is gone")
        for key_id, day in WRITTEN.items():
            connection.execute(VERSION, [key_id, f"2026-01-0{day}T18:00:00Z"])
    return empty_url


def add_key(connection: psycopg.Connection, key_id: str, at: str, replaces: str | None) -> None:
    hashed = hashlib.sha256(key_id.encode()).hexdigest()
    row = {"id": key_id, "hash": hashed, "at": at, "replaces": replaces}
    connection.execute(KEY, row)


def lineages(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        return dict(
            connection.execute("SELECT id, lineage FROM api_keys WHERE lineage IS NOT NULL")
        )


def test_rotated_keys_have_the_lineage_of_the_first(url: str) -> None:
    upgrade(url, "0010")
    assert lineages(url) == {"a2": "a1", "a3": "a1", "b2": "b1", "c3": "c2", "e3": "e2"}


def test_down_and_up_again(url: str) -> None:
    upgrade(url, "0010")
    found = lineages(url)
    with create_engine(psycopg_url(url), poolclass=NullPool).connect() as connection:
        command.downgrade(migrations.alembic_config(connection), BEFORE)
    upgrade(url, "0010")
    assert lineages(url) == found
