"""What the tests of policies share: fixtures of an organisation with two applications."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.policies import PolicyRepository
from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level, PolicyEntry

ONE, TWO = {"concurrency": 1}, {"concurrency": 2}
APP = (Level.APPLICATION, "app-1")


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """Several connections: one alone would put concurrent writes in order by itself."""
    made = Database(postgres_url, long_lived=True)
    yield made
    await made.close()


@pytest.fixture
async def policies(database: Database) -> PolicyRepository:
    return PolicyRepository(database)


@pytest.fixture
async def actor(database: Database, org_id: str) -> Actor:
    """Of an organisation with two applications and a key of each."""
    rules = ConfigurationRepository(database)
    for name in ("app-1", "app-2"):
        await rules.add_application(org_id, name, "An application")
        await add_key(database, org_id, f"key-{name}-{org_id}", name)
    return Actor(org_id, "user:ana", "req-1")


async def add_key(database: Database, org_id: str, key_id: str, application_id: str) -> None:
    async with database.tenant(org_id) as connection:
        await connection.execute(
            text(
                "INSERT INTO api_keys (id, org_id, application_id, name, role, key_hash, prefix) "
                "VALUES (:id, :org_id, :application_id, 'a key', 'service', :hash, 'sk-cp-abcdef')"
            ),
            {
                "id": key_id,
                "org_id": org_id,
                "application_id": application_id,
                "hash": uuid.uuid4().hex * 2,
            },
        )


def agree(_: PolicyEntry | None) -> None:
    """A check that has nothing against it."""
