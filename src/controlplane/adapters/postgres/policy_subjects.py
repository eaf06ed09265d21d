"""To whom a policy can be attached: what the organisation has, and users by their `sub`."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.directory import check_organization
from controlplane.adapters.postgres.key_rows import lineage_of
from controlplane.adapters.postgres.tables import ApiKeyRow, Application
from controlplane.domain.access import Caller, Role
from controlplane.domain.policy import Level
from controlplane.errors import NotFound

MAX_ID_LENGTH = 128


async def governing(connection: AsyncConnection, level: Level, subject_id: str) -> str:
    """Whose document governs a subject: that of a key is its lineage's. A subject that is not there
    is returned as it is."""
    if level is not Level.API_KEY or not is_name(subject_id):
        return subject_id
    return await connection.scalar(lineage_of(subject_id)) or subject_id


async def check_subject(
    connection: AsyncConnection, org_id: str, level: Level, subject_id: str
) -> None:
    """Raises NotFound where the organisation of the transaction has no such subject."""
    await check_organization(connection)
    if level is Level.APPLICATION:
        await _check_application(connection, subject_id, "subject_id")
    elif level is Level.API_KEY:
        await _key(connection, subject_id, "subject_id")
    elif not is_name(subject_id) or (level is Level.ORGANIZATION and subject_id != org_id):
        raise _unknown(level, "subject_id")


async def named_caller(
    connection: AsyncConnection,
    org_id: str,
    application_id: str | None,
    key_id: str | None,
    user_id: str | None,
) -> Caller:
    """A caller with these ids; a key speaks for its application. Raises NotFound."""
    if application_id is not None:
        await _check_application(connection, application_id, "application_id")
    first_key_id = None
    if key_id is not None:
        of_key, first_key_id = await _key(connection, key_id, "key_id")
        if application_id not in (None, of_key):
            raise _unknown(Level.API_KEY, "key_id")
        application_id = of_key
    if user_id is not None and not is_name(user_id):
        raise _unknown(Level.USER, "user_id")
    return Caller(org_id, Role.SERVICE, application_id, key_id, user_id, first_key_id)


def is_name(subject_id: str) -> bool:
    """1 to 128 printable characters; PostgreSQL has no place for others."""
    return 1 <= len(subject_id) <= MAX_ID_LENGTH and subject_id.isprintable()


async def _check_application(connection: AsyncConnection, application_id: str, param: str) -> None:
    query = select(Application.id).where(
        Application.id == application_id, Application.deleted_at.is_(None)
    )
    if not is_name(application_id) or await connection.scalar(query) is None:
        raise _unknown(Level.APPLICATION, param)


async def _key(
    connection: AsyncConnection, key_id: str, param: str
) -> tuple[str | None, str | None]:
    """The application of a key, and the first key of its lineage where that is another."""
    query = select(ApiKeyRow.application_id, ApiKeyRow.lineage).where(ApiKeyRow.id == key_id)
    row = (await connection.execute(query)).one_or_none() if is_name(key_id) else None
    if row is None:
        raise _unknown(Level.API_KEY, param)
    return row.application_id, row.lineage


def _unknown(level: Level, param: str) -> NotFound:
    return NotFound(f"There is no such {level.noun}.", param=param)
