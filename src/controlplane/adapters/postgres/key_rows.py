"""Rows of `api_keys`, inside a tenant's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, insert, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.directory import check_organization
from controlplane.adapters.postgres.tables import ApiKeyRow, Application
from controlplane.domain.access import ApiKey, Role
from controlplane.domain.keys import KeyFilter, KeyState, StoredKey
from controlplane.errors import Conflict, NotFound


def in_force() -> ColumnElement[bool]:
    """Neither revoked nor expired."""
    lasting = or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > func.now())
    return ApiKeyRow.revoked_at.is_(None) & lasting


LINEAGE = func.coalesce(ApiKeyRow.lineage, ApiKeyRow.id).label("lineage")
STATE = case(
    (ApiKeyRow.revoked_at.is_not(None), KeyState.REVOKED.value),
    (in_force(), KeyState.ACTIVE.value),
    else_=KeyState.EXPIRED.value,
).label("state")
COLUMNS = (
    ApiKeyRow.id,
    ApiKeyRow.application_id,
    ApiKeyRow.name,
    ApiKeyRow.role,
    ApiKeyRow.prefix,
    STATE,
    ApiKeyRow.created_at,
    ApiKeyRow.expires_at,
    ApiKeyRow.revoked_at,
    ApiKeyRow.last_used_at,
    ApiKeyRow.replaces,
    LINEAGE,
)


def stored_key(row: Row[*tuple[Any, ...]]) -> StoredKey:
    """The key of a row of COLUMNS."""
    values = dict(row._mapping)
    return StoredKey(**{**values, "role": Role(values["role"]), "state": KeyState(values["state"])})


def newest_first(wanted: KeyFilter, after: tuple[datetime, str] | None) -> Select[Any]:
    """The keys that `wanted` names, behind the one of this time and id."""
    query = select(*COLUMNS).order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.id.desc())
    if wanted.application_id is not None:
        query = query.where(ApiKeyRow.application_id == wanted.application_id)
    if wanted.prefix is not None:
        query = query.where(ApiKeyRow.prefix.startswith(wanted.prefix, autoescape=True))
    if wanted.lineage is not None:
        query = query.where(LINEAGE.in_(lineage_of(wanted.lineage)))
    if wanted.state is not None:
        query = query.where(STATE.in_([wanted.state.value]))
    if after is not None:
        query = query.where(tuple_(ApiKeyRow.created_at, ApiKeyRow.id) < after)
    return query


def lineage_of(key_id: str) -> Select[str]:
    """The query for the lineage of a key; no row where there is no such key."""
    return select(LINEAGE).where(ApiKeyRow.id == key_id)


async def stored(
    connection: AsyncConnection, key_id: str, *, for_update: bool = False
) -> StoredKey | None:
    """The key; None where the organisation has none of this id."""
    if not key_id.isprintable():  # nor has PostgreSQL a place for U+0000
        return None
    query = select(*COLUMNS).where(ApiKeyRow.id == key_id)
    if for_update:
        query = query.with_for_update(key_share=True)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else stored_key(row)


async def existing(connection: AsyncConnection, key_id: str) -> StoredKey:
    """The key that this transaction has written."""
    row = (await connection.execute(select(*COLUMNS).where(ApiKeyRow.id == key_id))).one()
    return stored_key(row)


async def insert_key(
    connection: AsyncConnection,
    key: ApiKey,
    *,
    name: str,
    prefix: str,
    replaces: StoredKey | None = None,
) -> None:
    """Add the row; `prefix` is the part of the key that people may see. It carries on the lineage
    of the key that it replaces."""
    await connection.execute(
        insert(ApiKeyRow).values(
            id=key.id,
            org_id=key.caller.org_id,
            application_id=key.caller.application_id,
            name=name,
            role=key.caller.role.value,
            key_hash=key.key_hash,
            prefix=prefix,
            expires_at=key.expires_at,
            replaces=replaces and replaces.id,
            lineage=replaces and replaces.lineage,
        )
    )


async def check_owner(connection: AsyncConnection, application_id: str | None) -> None:
    """Raises NotFound where the organisation has no such application, or does not exist."""
    if application_id is None:
        await check_organization(connection)
        return
    # Locked, so that a deletion at the same moment revokes the new key as well.
    query = select(Application.id).where(
        Application.id == application_id, Application.deleted_at.is_(None)
    )
    if await connection.scalar(query.with_for_update(read=True)) is None:
        raise NotFound("There is no application with this id.", param="application_id")


async def check_rotatable(connection: AsyncConnection, old: StoredKey) -> None:
    """Raises Conflict where the key is not in force, or has a successor that is."""
    if old.state is not KeyState.ACTIVE:
        raise Conflict(f"The key is {old.state.value}. Create a new one.")
    successor = await connection.scalar(
        select(ApiKeyRow.id).where(ApiKeyRow.replaces == old.id, in_force()).limit(1)
    )
    if successor is not None:
        raise Conflict(f"The key is replaced already, by '{successor}'. Rotate that one.")
