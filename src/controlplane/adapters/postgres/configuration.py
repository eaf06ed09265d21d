"""Organisations, and what holds for them: policy documents and routes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.changes import note_change
from controlplane.adapters.postgres.directory import check_organization
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import (
    Application,
    Base,
    ModelPrice,
    ModelRoute,
    Organization,
    Policy,
)
from controlplane.domain.changes import Actor
from controlplane.domain.configuration import StoredConfiguration
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.routing import Route


class ConfigurationRepository:
    """Every method raises Unreachable. `add_...` leaves a row that exists as it is, and returns
    whether it made one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def organizations(self) -> list[str]:
        """The ids of all organisations."""
        async with self._database.system() as connection:
            result = await connection.scalars(select(Organization.id).order_by(Organization.id))
            return list(result)

    async def all_of(self, org_id: str) -> StoredConfiguration:
        """Every document, route and price of one organisation."""
        async with self._database.tenant(org_id) as connection:
            return await _rules(connection)

    @asynccontextmanager
    async def committed(self, org_id: str) -> AsyncGenerator[StoredConfiguration, None]:
        """All rules of one organisation as they are now, to be passed on.

        One at a time: inside the context no other process has read what it still wants to pass on,
        so that the last one to do so has the last word of the database.
        """
        async with self._database.tenant(org_id) as connection:
            await lock_configuration(connection, org_id)
            yield await _rules(connection)

    async def route(self, org_id: str, alias: str) -> Route | None:
        """One route; None where the organisation has none under this alias."""
        async with self._database.tenant(org_id) as connection:
            return await _route(connection, alias)

    async def route_page(
        self, org_id: str, *, limit: int, after: str | None = None
    ) -> tuple[list[Route], str | None]:
        """At most `limit` routes behind the alias `after`, and the last alias where more follow."""
        query = select(*_ROUTE).order_by(ModelRoute.alias).limit(limit + 1)
        if after is not None:
            query = query.where(ModelRoute.alias > after)
        async with self._database.tenant(org_id) as connection:
            result = await connection.execute(query)
            found = [Route.from_dict(dict(row)) for row in result.mappings()]
        page = found[:limit]
        return page, page[-1].alias if len(found) > limit else None

    async def put_route(
        self, actor: Actor, route: Route, check: Callable[[Route | None], None]
    ) -> bool:
        """Store a route; returns whether its alias is new.

        `check` sees what is stored, in the same transaction, and refuses by raising; it is not
        asked where that is the very same route. Raises NotFound for an unknown organisation.
        """
        row = {**route.to_dict(), "org_id": actor.org_id}
        changes = {**row, "updated_at": func.now()}
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            stored = await _route(connection, route.alias)
            if stored == route:
                return False
            check(stored)
            await check_organization(connection)
            await connection.execute(
                insert(ModelRoute)
                .values(row)
                .on_conflict_do_update(index_elements=["org_id", "alias"], set_=changes)
            )
            await _note_route(connection, actor, stored, route)
        return stored is None

    async def delete_route(self, actor: Actor, alias: str, check: Callable[[Route], None]) -> bool:
        """Remove a route; returns whether there was one. `check` as in `put_route`."""
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            stored = await _route(connection, alias)
            if stored is None:
                return False
            check(stored)
            await connection.execute(delete(ModelRoute).where(ModelRoute.alias == alias))
            await _note_route(connection, actor, stored, None)
        return True

    async def add_organization(self, org_id: str, name: str) -> bool:
        """Make an organisation."""
        async with self._database.system() as connection:
            return await _add(connection, Organization, {"id": org_id, "name": name})

    async def add_application(self, org_id: str, application_id: str, name: str) -> bool:
        """Make an application."""
        row = {"org_id": org_id, "id": application_id, "name": name}
        async with self._database.tenant(org_id) as connection:
            return await _add(connection, Application, row)

    async def add_route(self, org_id: str, route: Route) -> bool:
        """Make a route."""
        async with self._database.tenant(org_id) as connection:
            return await _add(connection, ModelRoute, {"org_id": org_id, **route.to_dict()})


_ROUTE = tuple(getattr(ModelRoute, field.name) for field in fields(Route))


async def _rules(connection: AsyncConnection) -> StoredConfiguration:
    return StoredConfiguration(
        await _documents(connection), await _routes(connection), await _prices(connection)
    )


async def _documents(connection: AsyncConnection) -> list[PolicyDocument]:
    columns = (Policy.level, Policy.subject_id, Policy.version, Policy.document)
    result = await connection.execute(select(*columns).order_by(Policy.level, Policy.subject_id))
    return [
        PolicyDocument(Level(level), subject_id, version, document)
        for level, subject_id, version, document in result
    ]


async def _routes(connection: AsyncConnection) -> list[dict[str, Any]]:
    result = await connection.execute(select(*_ROUTE).order_by(ModelRoute.alias))
    return [dict(row) for row in result.mappings()]


async def _prices(connection: AsyncConnection) -> list[dict[str, Any]]:
    columns = (ModelPrice.provider, ModelPrice.model)
    amounts = (ModelPrice.input, ModelPrice.output, ModelPrice.cached, ModelPrice.cache_write)
    query = select(ModelPrice.items, *columns, *amounts).order_by(*columns)
    rows = (await connection.execute(query)).all()
    return [
        {
            **items,
            "provider": provider,
            "model": model,
            **{
                column.key: None if value is None else str(value)
                for column, value in zip(amounts, values, strict=True)
            },
        }
        for items, provider, model, *values in rows
    ]


async def _route(connection: AsyncConnection, alias: str) -> Route | None:
    if not alias.isprintable():  # nor has PostgreSQL a place for U+0000
        return None
    result = await connection.execute(select(*_ROUTE).where(ModelRoute.alias == alias))
    row = result.mappings().one_or_none()
    return None if row is None else Route.from_dict(dict(row))


async def _note_route(
    connection: AsyncConnection, actor: Actor, before: Route | None, after: Route | None
) -> None:
    written = after or before
    assert written is not None
    action = "delete" if after is None else "create" if before is None else "update"
    await note_change(
        connection,
        actor,
        action,
        "route",
        written.alias,
        before=None if before is None else before.to_dict(),
        after=None if after is None else after.to_dict(),
    )


async def lock_configuration(connection: AsyncConnection, org_id: str) -> None:
    """Until the transaction ends, no other changes or passes on the rules of `org_id`."""
    await connection.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"rules:{org_id}", 0)))
    )


async def _add(connection: AsyncConnection, table: type[Base], row: Mapping[str, Any]) -> bool:
    added = insert(table).values(row).on_conflict_do_nothing().returning(literal(True))
    return bool(await connection.scalar(added))
