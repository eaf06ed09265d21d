"""When counters were reset: the change that an administrator made is the record of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import select

from controlplane.adapters.postgres.changes import note_change
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import AdminChange
from controlplane.domain.changes import Actor
from controlplane.domain.limits import Limit

ACTION, RESOURCE = "reset", "budget"


class Resets:
    """Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(
        self,
        actor: Actor,
        limit: Limit,
        spent: str | None,
        reset: Callable[[], Awaitable[datetime]],
    ) -> datetime:
        """Have the ledger `reset` the counter, and note when it did.

        The ledger is told last before the commit: a note without a reset would be worse than a
        reset whose note is missing, which the next comparison with the audit trail shows.
        """
        async with self._database.tenant(actor.org_id) as connection:
            at = await reset()
            await note_change(
                connection,
                actor,
                ACTION,
                RESOURCE,
                limit.name,
                before=None if spent is None else {"spent_usd": spent},
                after={"counter": limit.counter, "reset_at": at.isoformat()},
            )
        return at

    async def of(self, org_id: str) -> dict[str, dict[str, datetime]]:
        """The last reset of each limit, by its name, and of each of its counters; '' is all."""
        query = select(AdminChange.resource_id, AdminChange.after).where(
            AdminChange.org_id == org_id,
            AdminChange.resource == RESOURCE,
            AdminChange.action == ACTION,
        )
        latest: dict[str, dict[str, datetime]] = {}
        async with self._database.tenant(org_id) as connection:
            for name, after in await connection.execute(query.order_by(AdminChange.id)):
                at = datetime.fromisoformat(after["reset_at"])
                latest.setdefault(name, {})[after["counter"]] = at
        return latest
