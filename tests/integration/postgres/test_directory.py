"""Organisations and applications as administrators see and change them."""

from __future__ import annotations

import uuid

import pytest

from controlplane.adapters.postgres.changes import ChangeLog
from controlplane.adapters.postgres.directory import Directory
from controlplane.adapters.postgres.engine import Database
from controlplane.domain.changes import Actor, ChangeFilter
from controlplane.domain.directory import Entry
from controlplane.errors import Conflict, NotFound, PreconditionFailed


@pytest.fixture
def directory(database: Database) -> Directory:
    return Directory(database)


@pytest.fixture
def actor(org_id: str) -> Actor:
    return Actor(org_id, "user:ada")


def pass_by(stored: Entry) -> None:
    """The check of somebody who demands nothing."""


def refuse(stored: Entry) -> None:
    raise PreconditionFailed("changed meanwhile")


async def written(database: Database, actor: Actor) -> list[tuple[str, str]]:
    page, _ = await ChangeLog(database).page(actor.org_id, ChangeFilter(), limit=50)
    return [(change["action"], change["resource"]) for change in page][::-1]


async def test_an_organisation_is_renamed(
    directory: Directory, database: Database, actor: Actor
) -> None:
    renamed = await directory.rename_organization(actor, "Acme", pass_by)
    assert renamed is not None
    assert renamed == await directory.organization(actor.org_id)
    assert await directory.rename_organization(actor, "Acme", refuse) == renamed
    with pytest.raises(PreconditionFailed):
        await directory.rename_organization(actor, "Other", refuse)
    assert await written(database, actor) == [("update", "organization")]


async def test_an_organisation_that_nobody_made(directory: Directory) -> None:
    nobody = Actor(f"org-{uuid.uuid4().hex[:12]}", "user:eve")
    assert await directory.organization(nobody.org_id) is None
    assert await directory.rename_organization(nobody, "x", pass_by) is None
    with pytest.raises(NotFound):
        await directory.add_application(nobody, "app-1", "x")


async def test_the_life_of_an_application(
    directory: Directory, database: Database, actor: Actor
) -> None:
    made = await directory.add_application(actor, "app-1", "One")
    assert await directory.application(actor.org_id, "app-1") == made
    with pytest.raises(Conflict):
        await directory.add_application(actor, "app-1", "Two")
    with pytest.raises(PreconditionFailed):
        await directory.rename_application(actor, "app-1", "Two", refuse)
    renamed = await directory.rename_application(actor, "app-1", "Two", pass_by)
    assert renamed == Entry("app-1", "Two", made.created_at)
    with pytest.raises(PreconditionFailed):
        await directory.delete_application(actor, "app-1", refuse)
    assert await directory.delete_application(actor, "app-1", pass_by)
    assert await directory.delete_application(actor, "app-1", refuse)
    assert await directory.application(actor.org_id, "app-1") is None
    assert await directory.rename_application(actor, "app-1", "x", pass_by) is None
    with pytest.raises(Conflict):
        await directory.add_application(actor, "app-1", "Again")
    assert await written(database, actor) == [
        ("create", "application"),
        ("update", "application"),
        ("delete", "application"),
    ]


@pytest.mark.parametrize("odd", ["", "app-2", "\x00", "app-1\x00"])
async def test_an_unknown_application(directory: Directory, actor: Actor, odd: str) -> None:
    await directory.add_application(actor, "app-1", "One")
    assert await directory.application(actor.org_id, odd) is None
    assert await directory.rename_application(actor, odd, "x", pass_by) is None
    assert not await directory.delete_application(actor, odd, pass_by)


async def test_two_organisations_may_have_applications_of_one_id(
    directory: Directory, actor: Actor
) -> None:
    other = Actor(f"org-{uuid.uuid4().hex[:12]}", "user:eve")
    await directory.add_application(actor, "app-1", "Ours")
    assert not await directory.delete_application(other, "app-1", pass_by)
    found = await directory.application(actor.org_id, "app-1")
    assert found is not None
    assert found.name == "Ours"


async def test_pages_leave_deleted_ones_out(directory: Directory, actor: Actor) -> None:
    for n in range(6):
        await directory.add_application(actor, f"app-{n}", f"Application {n}")
    await directory.delete_application(actor, "app-2", pass_by)
    first, last = await directory.application_page(actor.org_id, limit=3)
    assert ([entry.id for entry in first], last) == (["app-0", "app-1", "app-3"], "app-3")
    rest, last = await directory.application_page(actor.org_id, limit=3, after=last)
    assert ([entry.id for entry in rest], last) == (["app-4", "app-5"], None)
    own, _ = await directory.application_page(actor.org_id, limit=3, only="app-4")
    assert [entry.id for entry in own] == ["app-4"]
