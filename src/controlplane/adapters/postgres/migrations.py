"""Alembic, called from Python: needs no pyproject.toml and no event loop.

Alembic keeps its context in module globals, and two processes may want to migrate at once. So a
lock in the process and one in the database let one run at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.errors import LockNotAvailable
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

import controlplane
from controlplane.adapters.postgres.engine import psycopg_url
from controlplane.errors import ConfigurationError, ControlPlaneError, Unreachable

LOCK_SECONDS = 30
# An Aurora that has paused for a day takes half a minute to come back.
CONNECT_SECONDS = 60
# Any number, as long as nothing else in the database takes the same one.
_LOCK_KEY = 4_712_026_001
_ONE_AT_A_TIME = threading.Lock()


class MigrationError(ControlPlaneError):
    """The database stays as it is; the message is one sentence that says why."""


def upgrade(
    url: str | URL, revision: str = "head", *, lock_seconds: float = LOCK_SECONDS
) -> tuple[str | None, str | None]:
    """Migrate to `revision`; returns the revisions before and after, None for an empty database.

    A database that a later release has migrated stays as it is: migrations leave the release before
    working, so that it can come back. Blocks: call it in a thread. Raises MigrationError and
    Unreachable.
    """
    with (
        _ONE_AT_A_TIME,
        _connection(url) as connection,
        migration_lock(connection, lock_seconds=lock_seconds),
    ):
        before = current_revision(connection)
        config = alembic_config(connection)
        if revision == "head" and _is_ahead(before, config):
            return before, before
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise MigrationError(f"The migration to '{revision}' failed: {error}") from error
        return before, current_revision(connection)


def _is_ahead(revision: str | None, config: Config) -> bool:
    """Whether the database has a revision of a later release. They are numbered."""
    head = ScriptDirectory.from_config(config).get_current_head() or ""
    return revision is not None and revision.isdecimal() and revision > head


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for the migrations of this package, on an open connection."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config


def migrations_folder() -> Path:
    """Beside the package (in the Lambda zip), or beside `src` (in the repository)."""
    package = Path(controlplane.__file__).parent
    for folder in (package.parent / "migrations", package.parents[1] / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise ConfigurationError("The folder 'migrations' is missing beside the package controlplane.")


def current_revision(connection: Connection) -> str | None:
    """The revision that the database has."""
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    return revision


# A function that ran out of time is frozen with its transaction open: its locks must not last.
_SESSION = (
    "SET timezone = 'UTC'",
    "SET statement_timeout = '290s'",
    "SET idle_in_transaction_session_timeout = '10s'",
)


@contextmanager
def migration_lock(connection: Connection, *, lock_seconds: float) -> Iterator[None]:
    """Hold the database's migration lock. Raises MigrationError where another one keeps it."""
    # Bounds the waiting for tables, too: while a migration queues for one, all others queue behind.
    connection.execute(text(f"SET lock_timeout = {int(lock_seconds * 1000)}"))
    try:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
        connection.commit()
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise MigrationError(
                f"Another migration has held the lock for {lock_seconds:g} s; "
                "try again when it has ended."
            ) from error
        raise
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK_KEY})
        connection.commit()


@contextmanager
def _connection(url: str | URL) -> Iterator[Connection]:
    address = psycopg_url(url) if isinstance(url, str) else url
    engine = create_engine(
        address,
        poolclass=NullPool,
        connect_args={"connect_timeout": CONNECT_SECONDS},
    )
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise Unreachable("postgresql") from error
    with connection:
        for setting in _SESSION:
            connection.execute(text(setting))
        connection.commit()
        yield connection
