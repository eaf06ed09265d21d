"""`{"type": "user-migration", "revision": "head"}`: bring the database to a revision."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlplane.adapters.postgres.migrations import MigrationError, upgrade
from controlplane.errors import Unreachable

if TYPE_CHECKING:
    from controlplane.wiring import Container

_REVISION = re.compile(r"\A[A-Za-z0-9_]{1,64}\Z")


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Migrate upwards; returns the revisions before and after (None: no migration has run yet).

    Raises MigrationError where there is no such revision or another migration keeps the lock.
    """
    revision = event.get("revision", "head")
    if not isinstance(revision, str) or not _REVISION.match(revision):
        raise MigrationError("'revision' must be 'head' or the id of a revision, such as '0001'.")
    # In a thread: Alembic blocks, and an event loop of its own would end the process's one.
    url = await container.database_address.current()
    try:
        before, after = await asyncio.to_thread(upgrade, url, revision)
    except Unreachable:
        # A new password is one of the reasons for it.
        renewed = await container.database_address.renewed(url)
        if renewed is None:
            raise
        before, after = await asyncio.to_thread(upgrade, renewed, revision)
    return {"ok": True, "type": event["type"], "from_revision": before, "to_revision": after}
