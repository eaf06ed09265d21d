"""When a key was last used: noted with the records of what it asked for."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, Stores, batch

from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.engine import Database
from controlplane.audit.consume import consume

pytestmark = pytest.mark.dates


async def test_the_last_use_of_a_key_only_moves_on(
    stores: Stores, database: Database, postgres_url: str, org_id: str
) -> None:
    key_id = f"key-{uuid.uuid4().hex}"
    await ConfigurationRepository(database).add_organization(org_id, "An organisation of one test")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        connection.execute(
            "INSERT INTO api_keys (id, org_id, name, role, key_hash, prefix) "
            "VALUES (%s, %s, 'n', 'service', md5(%s) || md5(%s), 'sk-cp-')",
            [key_id, org_id, key_id, key_id],
        )
    now = datetime.now(UTC)
    hours = {"first": 3, "latest": 1, "late arrival": 2}
    seen = []
    for ago in hours.values():
        asked = audit_event(
            org_id=org_id, subject=f"key:{key_id}", occurred_at=now - timedelta(hours=ago)
        )
        stranger = audit_event(org_id=f"{org_id}-x", subject=f"key:{key_id}", occurred_at=now)
        user = audit_event(org_id=org_id, subject=f"user:{key_id}", occurred_at=now)
        assert await consume(batch(asked, stranger, user), stores) == NO_FAILURE
        seen.append(_last_used_at(postgres_url, key_id))
    assert seen == [now - timedelta(hours=ago) for ago in (3, 1, 1)]


def _last_used_at(url: str, key_id: str) -> datetime | None:
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        query = "SELECT last_used_at FROM api_keys WHERE id = %s"
        row = connection.execute(query, [key_id]).fetchone()
    assert row is not None
    at: datetime | None = row[0]
    # Times of different zones are unequal to each other in the hour that the clocks repeat.
    return at and at.astimezone(UTC)


@pytest.mark.parametrize("subject", ["key:unknown", "key:", "someone"])
async def test_a_subject_without_a_key_hinders_nothing(
    subject: str, stores: Stores, org_id: str
) -> None:
    assert await consume(batch(audit_event(org_id=org_id, subject=subject)), stores) == NO_FAILURE
