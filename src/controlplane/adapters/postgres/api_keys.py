"""API keys in PostgreSQL, by hash; a key itself is never seen here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.changes import note_change
from controlplane.adapters.postgres.engine import LONG_SECONDS, Database
from controlplane.adapters.postgres.key_rows import (
    check_owner,
    check_rotatable,
    existing,
    in_force,
    insert_key,
    newest_first,
    stored,
    stored_key,
)
from controlplane.adapters.postgres.tables import ApiKeyRow
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.changes import Actor
from controlplane.domain.keys import KeyFilter, KeyState, StoredKey
from controlplane.errors import Conflict

RESOURCE = "api-key"
_KEY = select(
    ApiKeyRow.id,
    ApiKeyRow.key_hash,
    ApiKeyRow.org_id,
    ApiKeyRow.role,
    ApiKeyRow.application_id,
    ApiKeyRow.expires_at,
    ApiKeyRow.lineage,
    in_force().label("in_force"),
)

# By hash: the key as it is in force, None where it is not.
InForce = Mapping[str, ApiKey | None]
Check = Callable[[StoredKey], None]


class KeyRepository:
    """Every method raises Unreachable. A `check` sees what is stored, in the same transaction, and
    refuses by raising."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key_hash: str) -> ApiKey | None:
        """The key in force with this hash (64 hex digits), of whichever organisation."""
        async with self._database.system() as connection:
            result = await connection.execute(
                _KEY.where(ApiKeyRow.key_hash == key_hash, in_force())
            )
            row = result.one_or_none()
        return None if row is None else _api_key(row)

    @asynccontextmanager
    async def all_committed(self) -> AsyncGenerator[list[ApiKey], None]:
        """Every key in force of every organisation, to be passed on: meanwhile none is
        inside of `committed`."""
        async with self._database.system(deadline_seconds=LONG_SECONDS) as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            result = await connection.execute(_KEY.where(in_force()).order_by(ApiKeyRow.id))
            yield [_api_key(row) for row in result]

    @asynccontextmanager
    async def committed(
        self, org_id: str, *, key_id: str | None = None, application_id: str | None = None
    ) -> AsyncGenerator[InForce, None]:
        """One key as it is now, or all of an application, to be passed on.

        One at a time: who is the last to pass a key on has the last word of the database.
        """
        which = ApiKeyRow.id == key_id if key_id else ApiKeyRow.application_id == application_id
        async with self._database.tenant(org_id) as connection:
            await _take_turn(connection)
            yield await _state_of(connection, which)

    async def get(self, org_id: str, key_id: str) -> StoredKey | None:
        """One key; None where the organisation has none of this id."""
        async with self._database.tenant(org_id) as connection:
            return await stored(connection, key_id)

    async def page(
        self,
        org_id: str,
        wanted: KeyFilter,
        *,
        limit: int,
        after: tuple[datetime, str] | None = None,
    ) -> tuple[list[StoredKey], bool]:
        """At most `limit` keys, newest first, behind the one of this time and id; and whether more
        follow."""
        query = newest_first(wanted, after).limit(limit + 1)
        async with self._database.tenant(org_id) as connection:
            rows = (await connection.execute(query)).all()
        return [stored_key(row) for row in rows[:limit]], len(rows) > limit

    async def add(self, key: ApiKey, *, name: str, prefix: str, actor: Actor) -> StoredKey:
        """Store a new key; `prefix` is the part of it that people may see.

        Raises NotFound where its organisation has no such application, or does not exist.
        """
        async with self._database.tenant(key.caller.org_id) as connection:
            await check_owner(connection, key.caller.application_id)
            await insert_key(connection, key, name=name, prefix=prefix)
            added = await existing(connection, key.id)
            await note_change(connection, actor, "create", RESOURCE, key.id, after=added.to_dict())
        return added

    async def change(
        self, actor: Actor, key_id: str, values: Mapping[str, Any], check: Check
    ) -> StoredKey | None:
        """Write `name` or `expires_at`; None where there is no such key.

        `check` is not asked where nothing changes. Raises Conflict for a revoked key.
        """
        async with self._database.tenant(actor.org_id) as connection:
            before = await stored(connection, key_id, for_update=True)
            if before is None or all(getattr(before, k) == v for k, v in values.items()):
                return before
            check(before)
            if before.state is KeyState.REVOKED:
                raise Conflict("The key is revoked: nothing of it can be changed.")
            await connection.execute(
                update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(dict(values))
            )
            after = await existing(connection, key_id)
            await note_change(
                connection,
                actor,
                "update",
                RESOURCE,
                key_id,
                before=before.to_dict(),
                after=after.to_dict(),
            )
        return after

    async def revoke(self, actor: Actor, key_id: str, check: Check) -> bool:
        """Revoke a key; returns whether there is such a key. A revoked one stays as it is."""
        async with self._database.tenant(actor.org_id) as connection:
            before = await stored(connection, key_id, for_update=True)
            if before is None or before.state is KeyState.REVOKED:
                return before is not None
            check(before)
            await connection.execute(
                update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(revoked_at=func.now())
            )
            after = await existing(connection, key_id)
            await note_change(
                connection,
                actor,
                "revoke",
                RESOURCE,
                key_id,
                before=before.to_dict(),
                after=after.to_dict(),
            )
        return True

    async def rotate(
        self,
        actor: Actor,
        key_id: str,
        make: Callable[[StoredKey], tuple[ApiKey, str]],
        *,
        overlap: timedelta,
        check: Check,
        tell: Callable[[InForce], Awaitable[None]],
    ) -> StoredKey | None:
        """Store the key and the prefix that `make` answers, and let the old key end with the
        overlap, never later than it did before; None where there is no such key.

        `tell` is given how the old key stands then; nothing is stored where it raises. Raises
        Conflict where the key is not in force, or has a successor that is.
        """
        async with self._database.tenant(actor.org_id) as connection:
            await _take_turn(connection)
            old = await stored(connection, key_id, for_update=True)
            if old is None:
                return None
            check(old)
            await check_rotatable(connection, old)
            ends = func.least(ApiKeyRow.expires_at, func.now() + overlap)
            await connection.execute(
                update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(expires_at=ends)
            )
            key, prefix = make(old)
            await insert_key(connection, key, name=old.name, prefix=prefix, replaces=old)
            new = await existing(connection, key.id)
            await note_change(
                connection,
                actor,
                "rotate",
                RESOURCE,
                key_id,
                before=old.to_dict(),
                after=new.to_dict(),
            )
            await tell(await _state_of(connection, ApiKeyRow.id == key_id))
        return new


_LOCK = func.hashtextextended("api_keys", 0)


async def _take_turn(connection: AsyncConnection) -> None:
    """Until the transaction ends, all keys are not passed on: what was read may be old."""
    await connection.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


async def _state_of(connection: AsyncConnection, which: ColumnElement[bool]) -> InForce:
    rows = await connection.execute(
        _KEY.where(which).order_by(ApiKeyRow.id).with_for_update(key_share=True)
    )
    return {row.key_hash: _api_key(row) if row.in_force else None for row in rows}


def _api_key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        key_hash=row.key_hash,
        caller=Caller(
            org_id=row.org_id,
            role=Role(row.role),
            application_id=row.application_id,
            key_id=row.id,
            first_key_id=row.lineage,
        ),
        expires_at=row.expires_at,
    )
