"""The pages of changes: one organisation's, newest first, filtered."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from controlplane.adapters.postgres.changes import ChangeLog, note_change
from controlplane.adapters.postgres.engine import Database
from controlplane.domain.changes import Actor, ChangeFilter

pytestmark = pytest.mark.dates


async def note(database: Database, actor: Actor, resource_id: str, **sides: Any) -> None:
    async with database.tenant(actor.org_id) as connection:
        await note_change(connection, actor, "update", "thing", resource_id, **sides)


async def ids(database: Database, org_id: str, **wanted: Any) -> list[str]:
    page, _ = await ChangeLog(database).page(org_id, ChangeFilter(**wanted), limit=50)
    return [change["resource_id"] for change in page]


async def test_pages(database: Database, org_id: str) -> None:
    actor = Actor(org_id, "user:ada", "req_1")
    for n in range(5):
        await note(database, actor, f"t{n}", before={"n": n}, after={"n": n + 1})
    log = ChangeLog(database)
    first, last = await log.page(org_id, ChangeFilter(), limit=3)
    rest, end = await log.page(org_id, ChangeFilter(), limit=3, before=last)
    assert [change["resource_id"] for change in [*first, *rest]] == ["t4", "t3", "t2", "t1", "t0"]
    assert end is None
    assert (first[0]["before"], first[0]["after"]) == ({"n": 4}, {"n": 5})
    assert first[0]["request_id"] == "req_1"
    assert first[0]["id"].isdigit()


async def test_filters(database: Database, org_id: str) -> None:
    ada, bob = Actor(org_id, "user:ada"), Actor(org_id, "user:bob")
    await note(database, ada, "t1")
    await note(database, bob, "t2")
    now = datetime.now(UTC)
    assert await ids(database, org_id, actor="user:bob") == ["t2"]
    assert await ids(database, org_id, resource_id="t1") == ["t1"]
    assert await ids(database, org_id, resource="thing") == ["t2", "t1"]
    assert await ids(database, org_id, resource="other") == []
    assert await ids(database, org_id, since=now - timedelta(hours=1)) == ["t2", "t1"]
    assert await ids(database, org_id, since=now + timedelta(hours=1)) == []
    assert await ids(database, org_id, until=now - timedelta(hours=1)) == []


async def test_others_see_nothing_of_it(database: Database, org_id: str) -> None:
    await note(database, Actor(org_id, "user:ada"), "t1")
    assert await ids(database, f"org-{uuid.uuid4().hex[:12]}") == []


@pytest.mark.parametrize("statement", ["DELETE FROM", "UPDATE"])
async def test_what_was_noted_stays(database: Database, org_id: str, statement: str) -> None:
    await note(database, Actor(org_id, "user:ada"), "t1")
    rest = "admin_changes" if statement == "DELETE FROM" else "admin_changes SET actor = 'x'"
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with database.tenant(org_id) as connection:
            await connection.execute(text(f"{statement} {rest}"))
