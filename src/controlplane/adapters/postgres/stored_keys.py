"""Reading API keys: which are in force, and which are asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select, tuple_

from controlplane.adapters.postgres.tables import ApiKeyRow
from controlplane.domain.access import Role
from controlplane.domain.stored_key import KeyFilter, KeyState, StoredKey


def in_force() -> ColumnElement[bool]:
    """Neither revoked nor expired."""
    lasting = or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > func.now())
    return ApiKeyRow.revoked_at.is_(None) & lasting


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
    if wanted.state is not None:
        query = query.where(STATE.in_([wanted.state.value]))
    if after is not None:
        query = query.where(tuple_(ApiKeyRow.created_at, ApiKeyRow.id) < after)
    return query
