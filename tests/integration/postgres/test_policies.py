"""Policies and their history in PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from tests.integration.postgres.policy_scene import (
    APP,
    ONE,
    TWO,
    actor,
    agree,
    database,
    policies,
)

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.policies import PolicyRepository
from controlplane.adapters.postgres.tables import AdminChange, Policy
from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level, PolicyEntry
from controlplane.errors import InvalidRequest, NotFound
from controlplane.policy.shape import InvalidPolicy

__all__ = ["actor", "database", "policies"]


async def changes(database: Database, org_id: str) -> list[tuple[str, Any, Any]]:
    async with database.tenant(org_id) as connection:
        rows = await connection.execute(
            select(AdminChange.action, AdminChange.before, AdminChange.after).order_by(
                AdminChange.id
            )
        )
        return [(action, before, after) for action, before, after in rows]


async def test_every_change_is_a_version_and_a_record(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    made, is_new = await policies.put(actor, *APP, ONE, agree)
    assert (made.version, made.document, made.changed_by, is_new) == (1, ONE, "user:ana", True)
    changed, is_new = await policies.put(actor, *APP, TWO, agree)
    assert (changed.version, is_new) == (2, False)
    assert await policies.remove(actor, *APP, agree)
    assert await policies.get(actor.org_id, *APP) is None
    assert not await policies.remove(actor, *APP, agree)
    again, is_new = await policies.put(actor, *APP, ONE, agree)
    assert (again.version, is_new) == (4, True)
    assert await policies.get(actor.org_id, *APP) == again
    history, more = await policies.versions(actor.org_id, *APP, limit=10)
    assert [(entry.version, entry.document) for entry in history] == [
        (4, ONE),
        (3, None),
        (2, TWO),
        (1, ONE),
    ]
    assert not more
    first, second = {"version": 1, "document": ONE}, {"version": 2, "document": TWO}
    assert await changes(database, actor.org_id) == [
        ("create", None, first),
        ("update", first, second),
        ("delete", second, None),
        ("create", None, {"version": 4, "document": ONE}),
    ]


async def test_the_same_again_changes_nothing(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    made, _ = await policies.put(actor, *APP, ONE, agree)

    def refuse(_: PolicyEntry | None) -> None:
        raise AssertionError("not asked")

    assert await policies.put(actor, *APP, dict(ONE), refuse) == (made, False)
    assert await policies.rollback(actor, *APP, 1, refuse) == made
    assert len(await changes(database, actor.org_id)) == 1


async def test_a_check_that_refuses_leaves_everything_as_it_was(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    made, _ = await policies.put(actor, *APP, ONE, agree)
    seen: list[PolicyEntry | None] = []

    def refuse(stored: PolicyEntry | None) -> None:
        seen.append(stored)
        raise InvalidRequest("no.")

    with pytest.raises(InvalidRequest):
        await policies.put(actor, *APP, TWO, refuse)
    with pytest.raises(InvalidRequest):
        await policies.remove(actor, *APP, refuse)
    with pytest.raises(InvalidRequest):
        await policies.put(actor, Level.ORGANIZATION, actor.org_id, TWO, refuse)
    assert seen == [made, made, None]
    assert await policies.get(actor.org_id, *APP) == made
    assert len(await changes(database, actor.org_id)) == 1


async def test_going_back_is_a_new_version(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    await policies.put(actor, *APP, ONE, agree)
    await policies.put(actor, *APP, TWO, agree)
    back = await policies.rollback(actor, *APP, 1, agree)
    assert (back.version, back.document) == (3, ONE)
    await policies.remove(actor, *APP, agree)
    restored = await policies.rollback(actor, *APP, 2, agree)
    assert (restored.version, restored.document) == (5, TWO)
    with pytest.raises(InvalidRequest) as removal:
        await policies.rollback(actor, *APP, 4, agree)
    assert removal.value.param == "version"
    with pytest.raises(NotFound):
        await policies.rollback(actor, *APP, 9, agree)
    actions = [action for action, _, _ in await changes(database, actor.org_id)]
    assert actions == ["create", "update", "rollback", "delete", "rollback"]


async def test_a_document_that_would_not_be_taken_today_stays_in_the_past(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    async with database.tenant(actor.org_id) as connection:
        await connection.execute(
            text(
                "INSERT INTO policy_versions "
                "(org_id, level, subject_id, version, document, changed_by) "
                """VALUES (:org_id, 'application', 'app-1', 1, '{"budget": 5}', 'user:x')"""
            ),
            {"org_id": actor.org_id},
        )
    with pytest.raises(InvalidPolicy):
        await policies.rollback(actor, *APP, 1, agree)
    assert await policies.get(actor.org_id, *APP) is None


async def test_a_first_document_is_added_once_and_never_against_a_removal(
    policies: PolicyRepository, actor: Actor
) -> None:
    assert await policies.add(actor, *APP, ONE)
    assert not await policies.add(actor, *APP, TWO)
    stored = await policies.get(actor.org_id, *APP)
    assert stored is not None
    assert (stored.version, stored.document) == (1, ONE)
    history, _ = await policies.versions(actor.org_id, *APP, limit=9)
    assert history == [stored]
    await policies.remove(actor, *APP, agree)
    assert not await policies.add(actor, *APP, ONE)
    assert await policies.get(actor.org_id, *APP) is None
    with pytest.raises(NotFound):
        await policies.add(actor, Level.APPLICATION, "app-none", ONE)


async def test_what_was_there_before_its_first_version_counts_on(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    async with database.tenant(actor.org_id) as connection:
        await connection.execute(
            insert(Policy).values(
                org_id=actor.org_id, level=APP[0].value, subject_id=APP[1], document=ONE
            )
        )
    changed, is_new = await policies.put(actor, *APP, TWO, agree)
    assert (changed.version, is_new) == (2, False)


async def test_writes_at_once_get_versions_one_after_the_other(
    policies: PolicyRepository, actor: Actor
) -> None:
    writes = [policies.put(actor, *APP, {"concurrency": n}, agree) for n in range(12)]
    entries = [entry for entry, _ in await asyncio.gather(*writes)]
    assert sorted(entry.version for entry in entries) == list(range(1, 13))
    last = max(entries, key=lambda entry: entry.version)
    assert await policies.get(actor.org_id, *APP) == last
