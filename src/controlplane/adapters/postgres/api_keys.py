"""API keys in PostgreSQL, by hash; nobody here ever sees a key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, or_, select

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.tables import ApiKeyRow
from controlplane.domain.access import ApiKey, Caller, Role

_KEY = select(
    ApiKeyRow.id,
    ApiKeyRow.key_hash,
    ApiKeyRow.org_id,
    ApiKeyRow.role,
    ApiKeyRow.application_id,
    ApiKeyRow.expires_at,
)


class KeyRepository:
    """Keys that are in force: neither revoked nor expired. Every method raises Unreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key_hash: str) -> ApiKey | None:
        """The key with this hash (64 hex digits), of whichever organisation."""
        async with self._database.system() as connection:
            result = await connection.execute(
                _KEY.where(ApiKeyRow.key_hash == key_hash, _in_force())
            )
            row = result.one_or_none()
        return None if row is None else _api_key(row)

    async def all(self) -> list[ApiKey]:
        """Every key of every organisation."""
        async with self._database.system() as connection:
            result = await connection.execute(_KEY.where(_in_force()).order_by(ApiKeyRow.id))
        return [_api_key(row) for row in result]

    async def add(self, key: ApiKey, *, name: str, prefix: str) -> None:
        """Store a new key; `prefix` is the part of it that people may see."""
        caller = key.caller
        async with self._database.tenant(caller.org_id) as connection:
            await connection.execute(
                insert(ApiKeyRow).values(
                    id=key.id,
                    org_id=caller.org_id,
                    application_id=caller.application_id,
                    name=name,
                    role=caller.role.value,
                    key_hash=key.key_hash,
                    prefix=prefix,
                    expires_at=key.expires_at,
                )
            )


def _in_force() -> ColumnElement[bool]:
    lasting = or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > func.now())
    return ApiKeyRow.revoked_at.is_(None) & lasting


def _api_key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        id=row.id,
        key_hash=row.key_hash,
        caller=Caller(
            org_id=row.org_id,
            role=Role(row.role),
            application_id=row.application_id,
            key_id=row.id,
        ),
        expires_at=row.expires_at,
    )
