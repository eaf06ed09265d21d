"""What organisations want to be told, and which warnings were sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.changes import note_change
from controlplane.adapters.postgres.configuration import lock_configuration
from controlplane.adapters.postgres.directory import check_organization
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import BudgetWarningRow, NotificationRow
from controlplane.domain.changes import Actor
from controlplane.domain.notification import BudgetWarning, NotificationSettings

# Makes of what is stored what is to be stored, in one transaction, or refuses by raising.
Change = Callable[[NotificationSettings | None], NotificationSettings]
_KEY = ("org_id", "budget", "capacity", "period", "reached")


class NotificationRepository:
    """Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, org_id: str) -> NotificationSettings | None:
        """None where the organisation has stored none."""
        async with self._database.tenant(org_id) as connection:
            return await _stored(connection)

    async def settings_of(self, org_ids: Collection[str]) -> dict[str, NotificationSettings]:
        """Of several organisations; those that have stored none have the default."""
        query = select(NotificationRow.org_id, NotificationRow.document).where(
            NotificationRow.org_id.in_(org_ids)
        )
        async with self._database.system() as connection:
            rows = (await connection.execute(query)).all()
        stored = {org_id: NotificationSettings.from_dict(document) for org_id, document in rows}
        return {org_id: stored.get(org_id, NotificationSettings()) for org_id in org_ids}

    async def put(self, actor: Actor, change: Change) -> NotificationSettings:
        """Store what `change` makes; returns it. Raises NotFound for an unknown organisation."""
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            await check_organization(connection)
            before = await _stored(connection)
            after = change(before)
            if after == before:
                return after
            row = {"document": after.to_dict(), "updated_at": func.now()}
            await connection.execute(
                insert(NotificationRow)
                .values(row | {"org_id": actor.org_id})
                .on_conflict_do_update(index_elements=["org_id"], set_=row)
            )
            await note_change(
                connection,
                actor,
                "create" if before is None else "update",
                "notifications",
                actor.org_id,
                before=None if before is None else before.described(),
                after=after.described(),
            )
        return after

    @asynccontextmanager
    async def unsent(
        self, warnings: Sequence[BudgetWarning]
    ) -> AsyncGenerator[list[BudgetWarning], None]:
        """Those that no process has sent; left without an error, they all count as sent.

        Another process that has one of them meanwhile waits until the context ends.
        """
        # One order for all writers.
        rows = [dict(zip(_KEY, each.key, strict=True)) for each in sorted(warnings, key=_key)]
        statement = (
            insert(BudgetWarningRow)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(*(getattr(BudgetWarningRow, name) for name in _KEY))
        )
        async with self._database.system() as connection:
            new = {tuple(row) for row in await connection.execute(statement)}
            yield [each for each in warnings if each.key in new]


def _key(warning: BudgetWarning) -> tuple[str, str, int, str, int]:
    return warning.key


async def _stored(connection: AsyncConnection) -> NotificationSettings | None:
    document = await connection.scalar(select(NotificationRow.document))
    return None if document is None else NotificationSettings.from_dict(document)
