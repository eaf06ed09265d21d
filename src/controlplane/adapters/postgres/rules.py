"""Organisations, and what holds for them: policy documents and routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import (
    Application,
    Base,
    ModelRoute,
    Organization,
    Policy,
)
from controlplane.domain.access import Level, PolicyDocument
from controlplane.domain.routing import Route


class RuleRepository:
    """Every method raises Unreachable. `add_...` leaves a row that exists as it is, and answers
    whether it made one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def organizations(self) -> list[str]:
        """The ids of all organisations."""
        async with self._database.system() as connection:
            result = await connection.scalars(select(Organization.id).order_by(Organization.id))
            return list(result)

    async def documents(self, org_id: str) -> list[PolicyDocument]:
        """The policy documents of every level of one organisation."""
        columns = (Policy.level, Policy.subject_id, Policy.version, Policy.document)
        async with self._database.tenant(org_id) as connection:
            result = await connection.execute(
                select(*columns).order_by(Policy.level, Policy.subject_id)
            )
        return [
            PolicyDocument(Level(level), subject_id, version, document)
            for level, subject_id, version, document in result
        ]

    async def routes(self, org_id: str) -> list[dict[str, Any]]:
        """The routes of one organisation, in the JSON form of `domain.routing.Route`."""
        columns = [getattr(ModelRoute, field.name) for field in fields(Route)]
        async with self._database.tenant(org_id) as connection:
            result = await connection.execute(select(*columns).order_by(ModelRoute.alias))
        return [dict(row) for row in result.mappings()]

    async def add_organization(self, org_id: str, name: str) -> bool:
        """Make an organisation."""
        async with self._database.system() as connection:
            return await _add(connection, Organization, {"id": org_id, "name": name})

    async def add_application(self, org_id: str, application_id: str, name: str) -> bool:
        """Make an application."""
        row = {"org_id": org_id, "id": application_id, "name": name}
        async with self._database.tenant(org_id) as connection:
            return await _add(connection, Application, row)

    async def add_policy(
        self, org_id: str, level: Level, subject_id: str, document: Mapping[str, Any]
    ) -> bool:
        """Attach a first policy document, version 1."""
        row = {
            "org_id": org_id,
            "level": level.value,
            "subject_id": subject_id,
            "document": dict(document),
        }
        async with self._database.tenant(org_id) as connection:
            return await _add(connection, Policy, row)

    async def add_route(self, org_id: str, route: Route) -> bool:
        """Make a route."""
        async with self._database.tenant(org_id) as connection:
            return await _add(connection, ModelRoute, {"org_id": org_id, **route.to_dict()})


async def _add(connection: AsyncConnection, table: type[Base], row: Mapping[str, Any]) -> bool:
    added = insert(table).values(row).on_conflict_do_nothing().returning(literal(True))
    return bool(await connection.scalar(added))
