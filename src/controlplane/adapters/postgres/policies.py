"""Policy documents in PostgreSQL, with every version that was ever in force."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import tuple_

from controlplane.adapters.postgres.configuration import lock_configuration
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.policy_rows import (
    CURRENT,
    VERSIONS,
    attached_to,
    entry_of,
    is_of,
    last_version,
    read_current,
    read_version,
    visible,
    write_version,
)
from controlplane.adapters.postgres.policy_subjects import check_subject, governing, named_caller
from controlplane.adapters.postgres.tables import Policy, PolicyVersion
from controlplane.domain.access import Caller
from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level, PolicyDocument, PolicyEntry
from controlplane.errors import NotFound
from controlplane.policy.document import check_policy
from controlplane.policy.effective import applies_to

_ORDER = (Policy.level, Policy.subject_id)

# Sees what is stored, inside the transaction of a write, and refuses by raising.
Check = Callable[[PolicyEntry | None], None]


class PolicyRepository:
    """Every method raises Unreachable. Where `of_application` is given, only what concerns that
    application is there: the organisation's policy, its own, and those of its keys. Any key of a
    lineage stands for its one policy, whose subject is the first of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(
        self, org_id: str, level: Level, subject_id: str, *, of_application: str | None = None
    ) -> PolicyEntry | None:
        """The policy of one subject; None where it has none."""
        async with self._database.tenant(org_id) as connection:
            subject_id = await governing(connection, level, subject_id)
            return await read_current(connection, level, subject_id, of_application)

    async def page(
        self,
        org_id: str,
        *,
        limit: int,
        after: tuple[str, str] | None = None,
        level: Level | None = None,
        of_application: str | None = None,
    ) -> tuple[list[PolicyEntry], bool]:
        """At most `limit` policies behind (level, subject id), and whether more follow."""
        query = CURRENT.where(visible(Policy, of_application)).order_by(*_ORDER).limit(limit + 1)
        if level is not None:
            query = query.where(Policy.level == level.value)
        if after is not None:
            query = query.where(tuple_(*_ORDER) > after)
        async with self._database.tenant(org_id) as connection:
            found = [entry_of(row) for row in (await connection.execute(query)).mappings()]
        return found[:limit], len(found) > limit

    async def versions(
        self,
        org_id: str,
        level: Level,
        subject_id: str,
        *,
        limit: int,
        before: int | None = None,
        of_application: str | None = None,
    ) -> tuple[list[PolicyEntry], bool]:
        """At most `limit` versions older than `before`, newest first, and whether more follow."""
        if not subject_id.isprintable():
            return [], False
        query = VERSIONS.where(visible(PolicyVersion, of_application))
        if before is not None:
            query = query.where(PolicyVersion.version < before)
        query = query.order_by(PolicyVersion.version.desc()).limit(limit + 1)
        async with self._database.tenant(org_id) as connection:
            subject_id = await governing(connection, level, subject_id)
            query = query.where(is_of(PolicyVersion, level, subject_id))
            found = [entry_of(row) for row in (await connection.execute(query)).mappings()]
        return found[:limit], len(found) > limit

    async def add(
        self, actor: Actor, level: Level, subject_id: str, document: Mapping[str, Any]
    ) -> bool:
        """Store a first document; returns whether it did. A subject that has or ever had a policy
        is left alone: it may have been removed on purpose. Raises NotFound as `put` does."""
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            subject_id = await governing(connection, level, subject_id)
            stored = await read_current(connection, level, subject_id)
            if stored is not None or await last_version(connection, level, subject_id):
                return False
            await check_subject(connection, actor.org_id, level, subject_id)
            await write_version(
                connection, actor, "create", (level, subject_id), stored=None, document=document
            )
        return True

    async def put(
        self,
        actor: Actor,
        level: Level,
        subject_id: str,
        document: Mapping[str, Any],
        check: Check,
    ) -> tuple[PolicyEntry, bool]:
        """Store a document that `check_policy` takes; returns what is stored now, and whether the
        subject had no policy.

        What is stored already changes nothing, and `check` is not asked. Raises NotFound for a
        subject that the organisation does not have.
        """
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            subject_id = await governing(connection, level, subject_id)
            stored = await read_current(connection, level, subject_id)
            if stored is not None and stored.document == document:
                return stored, False
            check(stored)
            await check_subject(connection, actor.org_id, level, subject_id)
            action = "create" if stored is None else "update"
            written = await write_version(
                connection, actor, action, (level, subject_id), stored=stored, document=document
            )
        return written, stored is None

    async def rollback(
        self, actor: Actor, level: Level, subject_id: str, version: int, check: Check
    ) -> PolicyEntry:
        """Store the document of an older version as a new version; returns what is stored now.

        Raises NotFound for a version or a subject that is not there, InvalidRequest for a version
        that was a removal, and InvalidPolicy for a document that would not be taken today.
        """
        async with self._database.tenant(actor.org_id) as connection:
            subject_id = await governing(connection, level, subject_id)
            document = await read_version(connection, level, subject_id, version)
        # Patterns may be weighed for half a second: neither other callers nor a lock wait for it.
        # A version never changes.
        await asyncio.to_thread(check_policy, document)
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            stored = await read_current(connection, level, subject_id)
            if stored is not None and stored.document == document:
                return stored
            check(stored)
            await check_subject(connection, actor.org_id, level, subject_id)
            return await write_version(
                connection, actor, "rollback", (level, subject_id), stored=stored, document=document
            )

    async def remove(self, actor: Actor, level: Level, subject_id: str, check: Check) -> bool:
        """Remove the policy of a subject; returns whether there was one. Its versions stay."""
        async with self._database.tenant(actor.org_id) as connection:
            await lock_configuration(connection, actor.org_id)
            subject_id = await governing(connection, level, subject_id)
            stored = await read_current(connection, level, subject_id)
            if stored is None:
                return False
            check(stored)
            await write_version(
                connection, actor, "delete", (level, subject_id), stored=stored, document=None
            )
        return True

    async def of_caller(
        self,
        org_id: str,
        *,
        application_id: str | None = None,
        key_id: str | None = None,
        user_id: str | None = None,
        of_application: str | None = None,
    ) -> tuple[Caller, list[PolicyDocument]]:
        """A caller with these ids, and all documents that are attached to it.

        Raises NotFound for ids that the organisation does not have, or whose application is
        another than the one named.
        """
        async with self._database.tenant(org_id) as connection:
            caller = await named_caller(
                connection, org_id, application_id or of_application, key_id, user_id
            )
            if of_application not in (None, caller.application_id):
                raise NotFound("There is no such application.", param="application_id")
            rows = await connection.execute(CURRENT.where(attached_to(caller)))
            found = [entry_of(row) for row in rows.mappings()]
        documents = [
            PolicyDocument(entry.level, entry.subject_id, entry.version, entry.document or {})
            for entry in found
        ]
        return caller, [entry for entry in documents if applies_to(caller, entry)]
