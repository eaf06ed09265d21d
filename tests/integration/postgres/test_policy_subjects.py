"""To whom policies are attached, and who may read them."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text
from tests.integration.postgres.policy_scene import (
    APP,
    ONE,
    TWO,
    actor,
    agree,
    database,
    policies,
)

from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.policies import PolicyRepository
from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level
from controlplane.errors import NotFound

__all__ = ["actor", "database", "policies"]


@pytest.mark.parametrize(
    ("level", "subject_id"),
    [
        (Level.ORGANIZATION, "org-other"),
        (Level.APPLICATION, "app-none"),
        (Level.APPLICATION, "app\x00"),
        (Level.API_KEY, "key-none"),
        (Level.API_KEY, "app-1"),
        (Level.USER, ""),
        (Level.USER, "u" * 129),
        (Level.USER, "a\nb"),
        (Level.USER, "a\x00b"),
    ],
)
async def test_a_subject_that_is_not_there(
    policies: PolicyRepository, actor: Actor, level: Level, subject_id: str
) -> None:
    with pytest.raises(NotFound):
        await policies.put(actor, level, subject_id, ONE, agree)
    with pytest.raises(NotFound):
        await policies.rollback(actor, level, subject_id, 1, agree)
    assert await policies.get(actor.org_id, level, subject_id) is None
    assert not await policies.remove(actor, level, subject_id, agree)
    assert await policies.versions(actor.org_id, level, subject_id, limit=1) == ([], False)


async def test_subjects_of_another_organisation_are_not_there(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    other = Actor(f"org-{uuid.uuid4().hex[:12]}", "user:eve")
    await ConfigurationRepository(database).add_organization(other.org_id, "Another")
    key = f"key-app-1-{actor.org_id}"
    subjects = [(Level.ORGANIZATION, actor.org_id), APP, (Level.API_KEY, key)]
    for subject in subjects:
        await policies.put(actor, *subject, ONE, agree)
        with pytest.raises(NotFound):
            await policies.put(other, *subject, TWO, agree)
        with pytest.raises(NotFound):
            await policies.rollback(other, *subject, 1, agree)
        assert await policies.get(other.org_id, *subject) is None
        assert not await policies.remove(other, *subject, agree)
        assert await policies.versions(other.org_id, *subject, limit=1) == ([], False)
    assert await policies.page(other.org_id, limit=10) == ([], False)
    with pytest.raises(NotFound):
        await policies.of_caller(other.org_id, key_id=key)
    page, _ = await policies.page(actor.org_id, limit=10)
    assert [entry.document for entry in page] == [ONE] * 3


async def test_an_organisation_that_nobody_made(policies: PolicyRepository) -> None:
    nobody = Actor("org-nobody", "user:x")
    with pytest.raises(NotFound):
        await policies.put(nobody, Level.ORGANIZATION, "org-nobody", ONE, agree)
    with pytest.raises(NotFound):
        await policies.put(nobody, Level.USER, "u", ONE, agree)


async def test_a_deleted_application_gets_no_policy(
    policies: PolicyRepository, database: Database, actor: Actor
) -> None:
    await policies.put(actor, *APP, ONE, agree)
    async with database.tenant(actor.org_id) as connection:
        await connection.execute(text("UPDATE applications SET deleted_at = now()"))
    with pytest.raises(NotFound):
        await policies.put(actor, *APP, TWO, agree)
    assert await policies.remove(actor, *APP, agree), "what is left of it can be removed"


async def test_a_reader_of_one_application(policies: PolicyRepository, actor: Actor) -> None:
    org_id = actor.org_id
    keys = [f"key-app-{n}-{org_id}" for n in (1, 2)]
    own = {("organization", org_id), ("application", "app-1"), ("api-key", keys[0])}
    foreign = {("application", "app-2"), ("api-key", keys[1]), ("user", "ana")}
    for level, subject_id in own | foreign:
        await policies.put(actor, Level(level), subject_id, ONE, agree)
    page, _ = await policies.page(org_id, limit=10, of_application="app-1")
    assert {(entry.level.value, entry.subject_id) for entry in page} == own
    for level, subject_id in own | foreign:
        subject = Level(level), subject_id
        found = await policies.get(org_id, *subject, of_application="app-1")
        history, _ = await policies.versions(org_id, *subject, limit=1, of_application="app-1")
        assert (found is not None) == bool(history) == ((level, subject_id) in own)


async def test_pages_and_levels(policies: PolicyRepository, actor: Actor) -> None:
    subjects = [("user", f"u{n}") for n in range(3)] + [("organization", actor.org_id)]
    for level, subject_id in subjects:
        await policies.put(actor, Level(level), subject_id, ONE, agree)
    seen: list[tuple[str, str]] = []
    more = True
    while more:
        after = seen[-1] if seen else None
        page, more = await policies.page(actor.org_id, limit=2, after=after)
        seen += [(entry.level.value, entry.subject_id) for entry in page]
    assert seen == sorted(subjects)
    page, _ = await policies.page(actor.org_id, limit=9, level=Level.USER)
    assert len(page) == 3
    for n in range(5):
        await policies.put(actor, Level.USER, "u0", {"concurrency": n + 10}, agree)
    numbers: list[int] = []
    more = True
    while more:
        before = numbers[-1] if numbers else None
        history, more = await policies.versions(
            actor.org_id, Level.USER, "u0", limit=4, before=before
        )
        numbers += [entry.version for entry in history]
    assert numbers == [6, 5, 4, 3, 2, 1]


async def test_all_documents_of_a_caller(policies: PolicyRepository, actor: Actor) -> None:
    org_id, key = actor.org_id, f"key-app-1-{actor.org_id}"
    # Ids are unique at a level only: a user may be called like an application.
    for subject in (APP, (Level.USER, "app-1"), (Level.ORGANIZATION, org_id), (Level.API_KEY, key)):
        await policies.put(actor, *subject, ONE, agree)
    caller, documents = await policies.of_caller(org_id, key_id=key)
    assert (caller.application_id, caller.key_id) == ("app-1", key)
    levels = {entry.level for entry in documents}
    assert levels == {Level.ORGANIZATION, Level.APPLICATION, Level.API_KEY}
    _, documents = await policies.of_caller(org_id, application_id="app-2", user_id="app-1")
    assert {entry.level for entry in documents} == {Level.ORGANIZATION, Level.USER}
    for wrong in (
        {"application_id": "app-2", "key_id": key},
        {"application_id": "app-3"},
        {"key_id": "key-none"},
        {"user_id": "a\x00"},
        {"application_id": "app-2", "of_application": "app-1"},
        {"key_id": key, "of_application": "app-2"},
    ):
        with pytest.raises(NotFound):
            await policies.of_caller(org_id, **wrong)
