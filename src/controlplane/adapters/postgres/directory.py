"""Organisations and their applications, as administrators see and change them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Select, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.changes import note_change
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import ApiKeyRow, Application, Organization
from controlplane.domain.changes import Actor
from controlplane.domain.directory import Entry
from controlplane.errors import Conflict, NotFound

Check = Callable[[Entry], None]
Query = Select[str, str, datetime]


class Directory:
    """Every method raises Unreachable. A `check` sees what is stored, in the same transaction, and
    refuses by raising; it is not asked where nothing changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def organization(self, org_id: str) -> Entry | None:
        """The organisation; None where it was never made here."""
        async with self._database.tenant(org_id) as connection:
            return await _entry(connection, _ORGANIZATION)

    async def rename_organization(self, actor: Actor, name: str, check: Check) -> Entry | None:
        """Name the actor's own organisation; None where it was never made here."""
        async with self._database.tenant(actor.org_id) as connection:
            before = await _entry(connection, _ORGANIZATION.with_for_update())
            if before is None or before.name == name:
                return before
            check(before)
            await connection.execute(
                update(Organization).where(Organization.id == before.id).values(name=name)
            )
            after = Entry(before.id, name, before.created_at)
            await _note(connection, actor, "organization", before, after)
        return after

    async def application(self, org_id: str, application_id: str) -> Entry | None:
        """One application; None where the organisation has none of this id, or has deleted it."""
        async with self._database.tenant(org_id) as connection:
            return await _entry(connection, _one(application_id))

    async def application_page(
        self, org_id: str, *, limit: int, after: str | None = None, only: str | None = None
    ) -> tuple[list[Entry], str | None]:
        """At most `limit` applications behind the id `after`, by id, and the last id where more
        follow; `only` the one of this id."""
        query = _APPLICATION.order_by(Application.id).limit(limit + 1)
        if after is not None:
            query = query.where(Application.id > after)
        if only is not None:
            query = query.where(Application.id == only)
        async with self._database.tenant(org_id) as connection:
            found = [Entry(*row) for row in await connection.execute(query)]
        page = found[:limit]
        return page, page[-1].id if len(found) > limit else None

    async def add_application(self, actor: Actor, application_id: str, name: str) -> Entry:
        """Make an application.

        Raises Conflict where the id is taken, if only by one that is deleted, and NotFound where
        the organisation does not exist.
        """
        row = {"org_id": actor.org_id, "id": application_id, "name": name}
        columns = (Application.id, Application.name, Application.created_at)
        add = insert(Application).values(row).on_conflict_do_nothing().returning(*columns)
        async with self._database.tenant(actor.org_id) as connection:
            await check_organization(connection)
            added = (await connection.execute(add)).one_or_none()
            if added is None:
                raise Conflict(
                    "There is an application with this id, or was one: its records remain.",
                    param="id",
                )
            made = Entry(*added)
            await _note(connection, actor, "application", None, made)
        return made

    async def rename_application(
        self, actor: Actor, application_id: str, name: str, check: Check
    ) -> Entry | None:
        """Name an application; None where there is none."""
        async with self._database.tenant(actor.org_id) as connection:
            before = await _entry(connection, _one(application_id).with_for_update())
            if before is None or before.name == name:
                return before
            check(before)
            await connection.execute(
                update(Application).where(Application.id == application_id).values(name=name)
            )
            after = Entry(before.id, name, before.created_at)
            await _note(connection, actor, "application", before, after)
        return after

    async def delete_application(self, actor: Actor, application_id: str, check: Check) -> bool:
        """Mark it as deleted and revoke its keys; returns whether there is one, or was."""
        async with self._database.tenant(actor.org_id) as connection:
            before = await _entry(connection, _one(application_id).with_for_update())
            if before is None:
                return await _was_there(connection, application_id)
            check(before)
            await connection.execute(
                update(Application)
                .where(Application.id == application_id)
                .values(deleted_at=func.now())
            )
            revoked = await connection.scalars(
                update(ApiKeyRow)
                .where(ApiKeyRow.application_id == application_id, ApiKeyRow.revoked_at.is_(None))
                .values(revoked_at=func.now())
                .returning(ApiKeyRow.id)
            )
            await note_change(
                connection,
                actor,
                "delete",
                "application",
                application_id,
                before={**before.to_dict(), "api_keys": sorted(revoked)},
            )
        return True


_ORGANIZATION = select(Organization.id, Organization.name, Organization.created_at)
_APPLICATION = select(Application.id, Application.name, Application.created_at).where(
    Application.deleted_at.is_(None)
)


def _one(application_id: str) -> Query:
    # PostgreSQL has no place for U+0000 and the like: no application has such an id.
    storable = application_id.isprintable()
    return _APPLICATION.where(Application.id == (application_id if storable else ""))


async def check_organization(connection: AsyncConnection) -> None:
    """Raises NotFound where the organisation of the transaction does not exist: a token may name
    one that was never made here."""
    if await connection.scalar(select(Organization.id)) is None:
        raise NotFound("The organisation of this credential does not exist here.")


async def _entry(connection: AsyncConnection, query: Query) -> Entry | None:
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Entry(*row)


async def _was_there(connection: AsyncConnection, application_id: str) -> bool:
    if not application_id.isprintable():
        return False
    query = select(literal(True)).where(Application.id == application_id)
    return bool(await connection.scalar(query))


async def _note(
    connection: AsyncConnection,
    actor: Actor,
    resource: str,
    before: Entry | None,
    after: Entry,
) -> None:
    await note_change(
        connection,
        actor,
        "create" if before is None else "update",
        resource,
        after.id,
        before=None if before is None else before.to_dict(),
        after=after.to_dict(),
    )
