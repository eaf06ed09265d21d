"""Databases for the integration tests."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from tests.servers import create_database

from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.engine import Database


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """The worker's database."""
    database = Database(postgres_url)
    yield database
    await database.close()


@pytest.fixture
async def org_id(database: Database) -> str:
    """A new organisation."""
    org_id = f"org-{uuid.uuid4().hex[:12]}"
    await ConfigurationRepository(database).add_organization(org_id, "An organisation of one test")
    return org_id


@pytest.fixture
def empty_url(postgres_server: str) -> Iterator[str]:
    """A database without any table."""
    with _database(postgres_server, "template1") as url:
        yield url


@pytest.fixture
def fresh_url(postgres_server: str, migrated: str) -> Iterator[str]:
    """A migrated database with no row in it."""
    with _database(postgres_server, migrated) as url:
        yield url


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield create_database(server, name, template)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
