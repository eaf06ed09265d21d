"""Connections and transactions. Every wait for PostgreSQL is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from controlplane.adapters.breaker import Breaker
from controlplane.adapters.patience import Patience
from controlplane.domain.access import ORG_ID
from controlplane.domain.rotating import Constant, Rotating
from controlplane.errors import ConfigurationError, Unreachable

# For all that one call does in one transaction; what sums up many rows asks for more.
DEADLINE_SECONDS = 1.75
LONG_SECONDS = 5.0
# For the first sign of life: a connection, and its reply to one statement.
OPENING_SECONDS = 1.25
# What the polite end of a statement may take beyond the deadline.
GRACE_SECONDS = 0.25
# For a place in the pool: it may be the others that are slow, and not the server.
POOL_SECONDS = 1.0
FAILURES_TO_OPEN = 2
OPEN_SECONDS = 1.0
# An Aurora that has paused takes a connection after about 15 s. After a day's sleep it needs longer
# than API Gateway waits; then the caller is told to come again.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
WAKE_SECONDS = 18.0

# Of one process of a server.
MOST_CONNECTIONS = 20

_TENANT, _SYSTEM = "llm_cp_tenant", "llm_cp_system"
# All of it for the transaction: a connection that another one gets next must not remember anything.
_BECOME = text(
    "SELECT set_config('role', :role, true), set_config('app.org_id', :org_id, true), "
    "set_config('timezone', 'UTC', true), set_config('statement_timeout', :patience, true), "
    "set_config('idle_in_transaction_session_timeout', '30000', true)"
)
# https://www.postgresql.org/docs/16/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_CONNECT: dict[str, Any] = {
    "connect_timeout": 2,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 2_000,
    "application_name": "llm-control-plane",
    # A prepared statement would not survive a pooler in between.
    "prepare_threshold": None,
}


@dataclass(slots=True)
class Opened:
    """How far a transaction came: the server answered, or the pool had no place for it."""

    is_open: bool = False
    is_busy: bool = False

    @property
    def is_down(self) -> bool:
        """Whether the server is at fault."""
        return not self.is_open and not self.is_busy


class Database:
    """One database. Makes its engine on first use; nothing connects before.

    Where it has not answered twice in a row, callers are told so at once, and one of them looks
    again every OPEN_SECONDS.

    `long_lived` is for a server of many concurrent requests; without it the pool has the one
    connection that a function needs. `pooled=False` is for an Aurora that may pause: it keeps no
    connection, because an open one keeps it awake, and waits for it to wake. An `address` that
    rotates is that of the moment for each new connection; one that is open stays as it is.
    """

    def __init__(
        self, address: str | Rotating[str], *, long_lived: bool = False, pooled: bool = True
    ) -> None:
        if isinstance(address, str):
            psycopg_url(address)
            address = Constant(address)
        self.address = address
        self._pool = _pool_options(long_lived=long_lived, pooled=pooled)
        self._wake_seconds = 0.0 if pooled else WAKE_SECONDS
        self.breaker = Breaker(FAILURES_TO_OPEN, OPEN_SECONDS)

    def tenant(
        self, org_id: str, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that sees the rows of one organisation only.

        Commits at the end, rolls back on an exception. Raises Unreachable where PostgreSQL did not
        answer within `deadline_seconds`, which bound the whole block (and begin later where it has
        to wake first).
        """
        if not ORG_ID.match(org_id):
            raise ValueError("not an organisation id")
        return self._counted(_TENANT, org_id, deadline_seconds)

    def system(
        self, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that sees the rows of all organisations; otherwise as `tenant`."""
        return self._counted(_SYSTEM, "", deadline_seconds)

    async def ping(self, *, deadline_seconds: float = 1.0) -> None:
        """Raises Unreachable where PostgreSQL does not answer. Does not wait for it to wake."""
        opened = Opened()
        async with self._transaction(_SYSTEM, "", deadline_seconds, deadline_seconds, opened):
            self.breaker.succeeded()

    async def close(self) -> None:
        """Close the pooled connections; the next use opens new ones."""
        await self._engine.dispose()

    @cached_property
    def _engine(self) -> AsyncEngine:
        # Parameters stay out of error messages: they are audit records and hashes of keys.
        return create_async_engine(
            "postgresql+psycopg://",
            async_creator=self._connect,
            hide_parameters=True,
            use_native_hstore=False,
            **self._pool,
        )

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        """A connection; a password that was refused is read anew, and tried if it differs."""
        address = await self.address.current()
        try:
            return await self._open(address)
        except psycopg.OperationalError as error:
            # It has no SQLSTATE; that a password was sent is reason enough to look for a new one.
            if error.pgconn is None or not error.pgconn.used_password:
                raise
            renewed = await self.address.renewed(address)
            if renewed is None:
                raise
            return await self._open(renewed)

    async def _open(self, address: str) -> psycopg.AsyncConnection[Any]:
        _, parameters = self._engine.dialect.create_connect_args(psycopg_url(address))
        options = {**_CONNECT, **parameters}
        if self._wake_seconds:
            options["connect_timeout"] = int(self._wake_seconds)
        return await psycopg.AsyncConnection.connect(**options)

    @asynccontextmanager
    async def _counted(
        self, role: str, org_id: str, deadline_seconds: float
    ) -> AsyncGenerator[AsyncConnection, None]:
        if not self.breaker.lets_pass():
            raise Unreachable("postgresql")
        opened = Opened()
        opening = min(deadline_seconds, OPENING_SECONDS) + self._wake_seconds
        try:
            async with self._transaction(
                role, org_id, opening, deadline_seconds, opened
            ) as connection:
                yield connection
        except Unreachable:
            if opened.is_down:
                self.breaker.failed()
            raise
        finally:
            if opened.is_open:
                self.breaker.succeeded()

    @asynccontextmanager
    async def _transaction(
        self,
        role: str,
        org_id: str,
        opening_seconds: float,
        deadline_seconds: float,
        opened: Opened,
    ) -> AsyncGenerator[AsyncConnection, None]:
        # Two deadlines: at the first psycopg asks the server to cancel the statement and waits for
        # its word, for up to ten seconds; the second ends that.
        loop = asyncio.get_running_loop()
        last, first = Patience(opening_seconds + GRACE_SECONDS), Patience(opening_seconds)
        asked_at = loop.time()
        patience = str(round(deadline_seconds * 1000))
        try:
            async with last, first, self._engine.begin() as connection:
                # The role, too: a login that is a superuser would pass every policy.
                await connection.execute(
                    _BECOME, {"role": role, "org_id": org_id, "patience": patience}
                )
                opened.is_open = True
                # What it took to wake counts not, nor all of a delay of our own.
                used = 0.0 if self._wake_seconds else loop.time() - asked_at
                left = max(deadline_seconds - used, deadline_seconds / 4)
                first.last(left)
                last.last(left + GRACE_SECONDS)
                try:
                    yield connection
                except asyncio.CancelledError:
                    # A rollback might wait for a silent server: let go of the connection instead.
                    await connection.invalidate()
                    raise
        except TimeoutError as error:
            if not first.expired:
                raise
            raise Unreachable("postgresql") from error
        except PoolTimeoutError as error:
            opened.is_busy = True
            raise Unreachable("postgresql") from error
        except DBAPIError as error:
            if not is_outage(error):
                raise
            raise Unreachable("postgresql") from error


def psycopg_url(url: str) -> URL:
    """Any spelling of a PostgreSQL address, for psycopg 3.

    Raises ConfigurationError where it is none.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigurationError(
            "DATABASE_URL must be an address such as postgresql://user:password@host:5432/database."
        )
    return parsed.set(drivername="postgresql+psycopg")


def is_outage(error: DBAPIError) -> bool:
    """True where the server, not the statement, is at fault: trying again later may help.

    https://www.postgresql.org/docs/16/errcodes-appendix.html
    """
    sqlstate = sqlstate_of(error) or ""
    if sqlstate.startswith("54"):  # program limit exceeded: a value too large for an index
        return False
    return error.connection_invalidated or isinstance(
        error, OperationalError | InterfaceError | InternalError
    )


def sqlstate_of(error: DBAPIError) -> str | None:
    """The five characters of PostgreSQL's error code; None for an error of the client."""
    return getattr(error.orig, "sqlstate", None)


def _pool_options(*, long_lived: bool, pooled: bool) -> dict[str, Any]:
    if not pooled:
        return {"poolclass": NullPool}
    kept = {"pool_size": MOST_CONNECTIONS // 2, "max_overflow": MOST_CONNECTIONS // 2}
    size = kept if long_lived else _ONE_CONNECTION
    return {"pool_pre_ping": True, "pool_timeout": POOL_SECONDS, **size}


_ONE_CONNECTION = {"pool_size": 1, "max_overflow": 0}
