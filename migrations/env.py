"""Alembic's entry point: one migration, on one connection.

The application hands over its connection (controlplane.adapters.postgres.migrations). By hand, to
write a new revision: `alembic -x url=$DATABASE_URL revision --autogenerate -m 'what it does'`.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from controlplane.adapters.postgres.engine import psycopg_url
from controlplane.adapters.postgres.migrations import LOCK_SECONDS, migration_lock
from controlplane.adapters.postgres.tables import Base
from controlplane.errors import ConfigurationError


def include_name(name: str | None, kind: str, _parents: MutableMapping[Any, Any]) -> bool:
    """Partitions come and go with the months; no revision speaks of them."""
    partitions = ("request_logs_", "usage_attributed_daily_")
    return kind != "table" or not (name or "").startswith(partitions)


def migrate(connection: Connection) -> None:
    """Run what the command asks for, all of it or nothing."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def migrate_by_hand() -> None:
    """The command line's way: an own connection, and the lock."""
    url = context.get_x_argument(as_dictionary=True).get("url")
    if not isinstance(url, str):
        raise ConfigurationError("Say which database: alembic -x url=postgresql://... <command>")
    with (
        create_engine(psycopg_url(url), poolclass=NullPool).connect() as connection,
        migration_lock(connection, lock_seconds=LOCK_SECONDS),
    ):
        migrate(connection)


if "connection" in context.config.attributes:
    migrate(context.config.attributes["connection"])
else:
    migrate_by_hand()
