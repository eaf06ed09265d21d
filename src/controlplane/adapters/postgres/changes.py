"""Who changed what: written in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import AdminChange
from controlplane.domain.changes import Actor, ChangeFilter


async def note_change(
    connection: AsyncConnection,
    actor: Actor,
    action: str,
    resource: str,
    resource_id: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add a row: `action` is create | update | delete | rotate | revoke | rollback | reset,
    `resource` the singular of the path (`policy`, `api-key`). Neither side may hold a secret."""
    await connection.execute(
        insert(AdminChange).values(
            org_id=actor.org_id,
            actor=actor.subject,
            action=action,
            resource=resource,
            resource_id=resource_id,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
            request_id=actor.request_id,
        )
    )


class ChangeLog:
    """What `note_change` wrote. Raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, org_id: str, wanted: ChangeFilter, *, limit: int, before: int | None = None
    ) -> tuple[list[dict[str, Any]], int | None]:
        """At most `limit` changes of before the number `before`, newest first, and the last number
        where more follow."""
        query = select(*_COLUMNS).order_by(AdminChange.id.desc()).limit(limit + 1)
        for name in ("resource", "resource_id", "actor"):
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(getattr(AdminChange, name) == value)
        if wanted.since is not None:
            query = query.where(AdminChange.occurred_at >= wanted.since)
        if wanted.until is not None:
            query = query.where(AdminChange.occurred_at < wanted.until)
        if before is not None:
            query = query.where(AdminChange.id < before)
        async with self._database.tenant(org_id) as connection:
            rows = (await connection.execute(query)).mappings().all()
        page = [_change(dict(row)) for row in rows[:limit]]
        return page, rows[limit - 1]["id"] if len(rows) > limit else None


_COLUMNS = tuple(
    getattr(AdminChange, name)
    for name in (
        "id",
        "occurred_at",
        "actor",
        "action",
        "resource",
        "resource_id",
        "before",
        "after",
        "request_id",
    )
)


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    occurred_at: datetime = row["occurred_at"]
    return {
        **row,
        "id": str(row["id"]),
        "occurred_at": occurred_at.astimezone(UTC).isoformat(),
    }
