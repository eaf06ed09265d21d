"""Rows of policies and of their versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, delete, func, insert, or_, select, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.changes import note_change
from controlplane.adapters.postgres.tables import ApiKeyRow, Policy, PolicyVersion
from controlplane.domain.access import Caller
from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level, PolicyEntry, subjects
from controlplane.errors import InvalidRequest, NotFound

RESOURCE = "policy"


CURRENT = select(
    Policy.level,
    Policy.subject_id,
    Policy.version,
    Policy.document,
    PolicyVersion.changed_by,
    func.coalesce(PolicyVersion.changed_at, Policy.created_at).label("changed_at"),
).outerjoin(
    PolicyVersion,
    and_(
        PolicyVersion.org_id == Policy.org_id,
        PolicyVersion.level == Policy.level,
        PolicyVersion.subject_id == Policy.subject_id,
        PolicyVersion.version == Policy.version,
    ),
)
VERSIONS = select(
    PolicyVersion.level,
    PolicyVersion.subject_id,
    PolicyVersion.version,
    PolicyVersion.document,
    PolicyVersion.changed_by,
    PolicyVersion.changed_at,
)


def is_of(
    table: type[Policy | PolicyVersion], level: Level, subject_id: str
) -> ColumnElement[bool]:
    """True for the rows of one subject."""
    return and_(table.level == level.value, table.subject_id == subject_id)


def visible(table: type[Policy | PolicyVersion], of_application: str | None) -> ColumnElement[bool]:
    """True for the rows that a reader confined to an application may see; None for any."""
    if of_application is None:
        return true()
    keys = select(ApiKeyRow.id).where(ApiKeyRow.application_id == of_application)
    return or_(
        table.level == Level.ORGANIZATION.value,
        is_of(table, Level.APPLICATION, of_application),
        and_(table.level == Level.API_KEY.value, table.subject_id.in_(keys)),
    )


def attached_to(caller: Caller) -> ColumnElement[bool]:
    """True for the policies of every level of a caller, and maybe others of the same ids."""
    return Policy.subject_id.in_([subject_id for _, subject_id in subjects(caller)])


def entry_of(row: RowMapping) -> PolicyEntry:
    """A row of CURRENT or VERSIONS."""
    return PolicyEntry(**{**row, "level": Level(row["level"])})


async def read_current(
    connection: AsyncConnection, level: Level, subject_id: str, of_application: str | None = None
) -> PolicyEntry | None:
    """What is in force for one subject."""
    if not subject_id.isprintable():  # nor has PostgreSQL a place for U+0000
        return None
    wanted = CURRENT.where(is_of(Policy, level, subject_id), visible(Policy, of_application))
    row = (await connection.execute(wanted)).mappings().one_or_none()
    return None if row is None else entry_of(row)


async def read_version(
    connection: AsyncConnection, level: Level, subject_id: str, version: int
) -> Mapping[str, Any]:
    """The document of one version. Raises NotFound, and InvalidRequest for a removal."""
    wanted = VERSIONS.where(
        is_of(PolicyVersion, level, subject_id), PolicyVersion.version == version
    )
    row = None
    if subject_id.isprintable():
        row = (await connection.execute(wanted)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no version {version} of this policy.", param="version")
    document: Mapping[str, Any] | None = row["document"]
    if document is None:
        raise InvalidRequest(
            f"Version {version} is a removal: delete the policy instead.", param="version"
        )
    return document


async def last_version(connection: AsyncConnection, level: Level, subject_id: str) -> int:
    """The highest number that was given so far, removals included; 0 for none."""
    highest = select(func.max(PolicyVersion.version)).where(is_of(PolicyVersion, level, subject_id))
    return await connection.scalar(highest) or 0


async def write_version(
    connection: AsyncConnection,
    actor: Actor,
    action: str,
    subject: tuple[Level, str],
    *,
    stored: PolicyEntry | None,
    document: Mapping[str, Any] | None,
) -> PolicyEntry:
    """Put the next version in the place of `stored`; None removes. Answers what was written."""
    level, subject_id = subject
    key = {"org_id": actor.org_id, "level": level.value, "subject_id": subject_id}
    last = await last_version(connection, level, subject_id)
    version = max(last, stored.version if stored else 0) + 1
    if document is None:
        await connection.execute(delete(Policy).where(is_of(Policy, level, subject_id)))
    else:
        row = {"version": version, "document": document}
        await connection.execute(
            upsert(Policy)
            .values(**key, **row)
            .on_conflict_do_update(index_elements=list(key), set_=row)
        )
    note = {"version": version, "document": document, "changed_by": actor.subject}
    changed_at = await connection.scalar(
        insert(PolicyVersion).values(**key, **note).returning(PolicyVersion.changed_at)
    )
    assert changed_at is not None
    entry = PolicyEntry(level, subject_id, version, document, actor.subject, changed_at)
    await note_change(
        connection,
        actor,
        action,
        RESOURCE,
        entry.id,
        before=_shown(stored),
        after=_shown(entry),
    )
    return entry


def _shown(entry: PolicyEntry | None) -> dict[str, Any] | None:
    if entry is None or entry.document is None:
        return None
    return {"version": entry.version, "document": dict(entry.document)}
