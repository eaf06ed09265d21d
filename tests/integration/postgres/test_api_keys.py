"""Keys as administrators write them: one change each, and no order of events that loses one."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from controlplane.adapters.postgres.api_keys import InForce, KeyRepository
from controlplane.adapters.postgres.changes import ChangeLog
from controlplane.adapters.postgres.directory import Directory
from controlplane.adapters.postgres.engine import Database
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.changes import Actor, ChangeFilter
from controlplane.domain.keys import KeyFilter, KeyState, StoredKey
from controlplane.errors import Conflict, NotFound, Unreachable

NEVER: Any = None


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """With connections enough for writers that meet."""
    database = Database(postgres_url, long_lived=True)
    yield database
    await database.close()


@pytest.fixture
def keys(database: Database) -> KeyRepository:
    return KeyRepository(database)


@pytest.fixture
async def actor(database: Database, org_id: str) -> Actor:
    actor = Actor(org_id, "user:ada", "req_1")
    await Directory(database).add_application(actor, "app-1", "An application")
    return actor


def new(actor: Actor, *, expires_at: datetime | None = None) -> ApiKey:
    key_id = f"key-{uuid.uuid4().hex}"
    caller = Caller(actor.org_id, Role.SERVICE, application_id="app-1", key_id=key_id)
    return ApiKey(key_id, hashlib.sha256(key_id.encode()).hexdigest(), caller, expires_at)


async def add(keys: KeyRepository, actor: Actor, key: ApiKey | None = None) -> StoredKey:
    return await keys.add(key or new(actor), name="k", prefix="sk-cp-abcdef", actor=actor)


def pass_by(stored: StoredKey) -> None:
    """The check of somebody who demands nothing."""


async def tell_nobody(state: InForce) -> None:
    assert len(state) == 1


async def rotate(
    keys: KeyRepository, actor: Actor, key_id: str, seconds: float = 60, tell: Any = tell_nobody
) -> StoredKey | None:
    return await keys.rotate(
        actor,
        key_id,
        lambda old: (new(actor, expires_at=old.expires_at), "sk-cp-ghijkl"),
        overlap=timedelta(seconds=seconds),
        check=pass_by,
        tell=tell,
    )


async def actions(database: Database, actor: Actor, key_id: str) -> list[str]:
    page, _ = await ChangeLog(database).page(
        actor.org_id, ChangeFilter(resource="api-key", resource_id=key_id), limit=50
    )
    return [change["action"] for change in page][::-1]


async def test_a_key_and_its_changes(keys: KeyRepository, database: Database, actor: Actor) -> None:
    made = await add(keys, actor)
    assert made.state is KeyState.ACTIVE
    assert await keys.get(actor.org_id, made.id) == made
    changed = await keys.change(actor, made.id, {"name": "other"}, pass_by)
    assert changed is not None
    assert changed.name == "other"
    assert await keys.change(actor, made.id, {"name": "other"}, NEVER) == changed
    assert await keys.revoke(actor, made.id, pass_by)
    assert await keys.revoke(actor, made.id, NEVER)
    assert await actions(database, actor, made.id) == ["create", "update", "revoke"]
    revoked = await keys.get(actor.org_id, made.id)
    assert revoked is not None
    assert revoked.state is KeyState.REVOKED
    with pytest.raises(Conflict):
        await keys.change(actor, made.id, {"expires_at": None, "name": "again"}, pass_by)


async def test_the_record_of_a_change_says_who_what_and_how_it_was(
    keys: KeyRepository, database: Database, actor: Actor
) -> None:
    made = await add(keys, actor)
    await keys.change(actor, made.id, {"name": "other"}, pass_by)
    (change, creation), more = await ChangeLog(database).page(
        actor.org_id, ChangeFilter(resource="api-key"), limit=2
    )
    assert more is None
    assert (change["actor"], change["request_id"]) == ("user:ada", "req_1")
    assert creation["before"] is None
    assert creation["after"] == change["before"] == made.to_dict()
    assert change["after"] == {**made.to_dict(), "name": "other"}


async def test_nothing_is_there_for_another_organisation(
    keys: KeyRepository, database: Database, actor: Actor
) -> None:
    made = await add(keys, actor)
    other = Actor(f"org-{uuid.uuid4().hex[:12]}", "user:eve")
    assert await keys.get(other.org_id, made.id) is None
    assert await keys.change(other, made.id, {"name": "x"}, pass_by) is None
    assert not await keys.revoke(other, made.id, pass_by)
    assert await rotate(keys, other, made.id) is None
    assert await keys.get(actor.org_id, made.id) == made
    for odd in ("\x00", "key-\x00", ""):
        assert await keys.get(actor.org_id, odd) is None
    with pytest.raises(NotFound):
        await add(keys, other)
    admin = ApiKey("key-x", "0" * 64, Caller(other.org_id, Role.ADMIN, key_id="key-x"))
    with pytest.raises(NotFound, match="organisation"):
        await add(keys, other, admin)


@pytest.mark.dates
@pytest.mark.parametrize(("before", "seconds"), [(None, 60), (7_200, 60), (10, 60), (None, 0)])
async def test_the_old_key_ends_with_the_overlap_and_never_later_than_it_did(
    keys: KeyRepository, database: Database, actor: Actor, before: float | None, seconds: float
) -> None:
    now = datetime.now(UTC)
    expires_at = None if before is None else now + timedelta(seconds=before)
    old = await add(keys, actor, new(actor, expires_at=expires_at))
    successor = await rotate(keys, actor, old.id, seconds)
    ended = await keys.get(actor.org_id, old.id)
    assert ended is not None
    assert ended.expires_at is not None
    assert successor is not None
    least = min(seconds, before or seconds)
    assert abs((ended.expires_at - now).total_seconds() - least) < 5
    assert ended.state is (KeyState.EXPIRED if seconds == 0 else KeyState.ACTIVE)
    assert (successor.replaces, successor.expires_at) == (old.id, expires_at)
    assert (successor.name, successor.application_id, successor.role) == (
        old.name,
        old.application_id,
        old.role,
    )
    assert await actions(database, actor, old.id) == ["create", "rotate"]


async def test_a_rotation_that_cannot_be_told_has_not_happened(
    keys: KeyRepository, database: Database, actor: Actor
) -> None:
    old = await add(keys, actor)

    async def unreachable(state: InForce) -> None:
        raise Unreachable("redis")

    with pytest.raises(Unreachable):
        await rotate(keys, actor, old.id, 0, unreachable)
    assert await keys.get(actor.org_id, old.id) == old
    page, _ = await keys.page(actor.org_id, KeyFilter(), limit=10)
    assert page == [old]
    assert await actions(database, actor, old.id) == ["create"]


async def test_what_is_told_is_how_the_old_key_stands_then(
    keys: KeyRepository, actor: Actor
) -> None:
    told: list[InForce] = []

    async def note(state: InForce) -> None:
        told.append(state)

    for seconds in (60, 0):
        key = new(actor)
        await add(keys, actor, key)
        await rotate(keys, actor, key.id, seconds, note)
    (overlapping,), (ended,) = (state.values() for state in told)
    assert overlapping is not None
    assert overlapping.expires_at is not None
    assert ended is None


async def test_of_many_who_rotate_at_once_one_does(keys: KeyRepository, actor: Actor) -> None:
    old = await add(keys, actor)
    results = await asyncio.gather(
        *(rotate(keys, actor, old.id) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(result, StoredKey) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 5


async def test_a_key_made_while_its_application_is_deleted_is_revoked_or_refused(
    keys: KeyRepository, database: Database, actor: Actor
) -> None:
    directory = Directory(database)
    outcomes = set()
    for _ in range(8):
        application_id = f"app-{uuid.uuid4().hex[:8]}"
        await directory.add_application(actor, application_id, "n")
        caller = Caller(actor.org_id, Role.SERVICE, application_id=application_id)
        key = ApiKey(f"key-{uuid.uuid4().hex}", uuid.uuid4().hex * 2, caller)
        made, _ = await asyncio.gather(
            add(keys, actor, key),
            directory.delete_application(actor, application_id, lambda entry: None),
            return_exceptions=True,
        )
        if isinstance(made, NotFound):
            outcomes.add("refused")
            continue
        assert isinstance(made, StoredKey)
        stored = await keys.get(actor.org_id, key.id)
        assert stored is not None
        assert stored.state is KeyState.REVOKED
        outcomes.add("revoked")
    assert outcomes


async def test_who_passes_on_all_keys_and_who_passes_on_one_take_turns(
    keys: KeyRepository, actor: Actor
) -> None:
    made = await add(keys, actor)

    async def pass_on_one() -> InForce:
        async with keys.committed(actor.org_id, key_id=made.id) as state:
            return state

    for one in (pass_on_one, lambda: rotate(keys, actor, made.id)):
        async with keys.all_committed() as everything:
            assert made.id in {key.id for key in everything}
            waiting = asyncio.ensure_future(one())
            await asyncio.sleep(0.3)
            assert not waiting.done()
        assert await waiting
    async with keys.committed(actor.org_id, application_id="app-1") as state:
        assert len(state) == 2


async def test_pages_newest_first(keys: KeyRepository, database: Database, actor: Actor) -> None:
    made = [await add(keys, actor) for _ in range(5)]
    async with database.tenant(actor.org_id) as connection:  # several of the very same moment
        await connection.execute(text("UPDATE api_keys SET created_at = '2026-01-01Z'"))
    seen: list[str] = []
    after = None
    more = True
    while more:
        page, more = await keys.page(actor.org_id, KeyFilter(), limit=2, after=after)
        seen += [key.id for key in page]
        after = (page[-1].created_at, page[-1].id)
    assert seen == sorted((key.id for key in made), reverse=True)


@pytest.mark.dates
async def test_filters(keys: KeyRepository, actor: Actor) -> None:
    kept, ended, revoked = [await add(keys, actor) for _ in range(3)]
    await keys.revoke(actor, revoked.id, pass_by)
    late = datetime.now(UTC) - timedelta(seconds=1)
    await keys.change(actor, ended.id, {"expires_at": late}, pass_by)

    async def found(**wanted: Any) -> set[str]:
        page, _ = await keys.page(actor.org_id, KeyFilter(**wanted), limit=10)
        return {key.id for key in page}

    assert await found(state=KeyState.ACTIVE) == {kept.id}
    assert await found(state=KeyState.EXPIRED) == {ended.id}
    assert await found(state=KeyState.REVOKED) == {revoked.id}
    everything = {kept.id, ended.id, revoked.id}
    assert await found(prefix="sk-cp-ab") == await found(application_id="app-1") == everything
    assert await found(prefix="sk-cp-x") == await found(application_id="app-2") == set()
    assert await found(prefix="%") == await found(prefix="sk_cp") == set()
