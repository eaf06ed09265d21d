"""One Redis connection pool with short waits, no retries and a breaker."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from controlplane.domain.rotating import Rotating
from controlplane.errors import StoreRefused, Unreachable

FAILURES_TO_OPEN = 3
OPEN_SECONDS = 1.0
# A handshake of TLS alone takes a cold function 50 ms.
CONNECT_SECONDS = 0.25

# Errors by which a server says that it serves no command of this kind at the moment.
_OUTAGES = frozenset({"BUSY", "MISCONF", "NOREPLICAS", "OOM", "UNKILLABLE"})

T = TypeVar("T")
Login = tuple[str, str]


class RedisClient:
    """Runs commands; whatever goes wrong is Unreachable("redis").

    After FAILURES_TO_OPEN failures in a row it stops trying for OPEN_SECONDS, so that a dead Redis
    costs a caller nothing, then lets one command through to see.

    `login` is the user and the password, where the address has none. A new connection signs in with
    those of the moment; one that is open stays signed in.
    """

    def __init__(
        self,
        url: str,
        timeout_ms: int,
        max_connections: int,
        login: Rotating[Login] | None = None,
    ) -> None:
        seconds = timeout_ms / 1000
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=seconds,
            socket_timeout=seconds,
            socket_connect_timeout=max(seconds, CONNECT_SECONDS),
            # redis-py's own retries turn a 50 ms timeout into seconds.
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=_signing_in(login) if login else None,
        )
        self.redis: Any = Redis(connection_pool=pool)
        self._failures = 0
        self._closed_until = 0.0

    async def run(self, command: Callable[[Any], Awaitable[T]]) -> T:
        """Run one command, given as a function of the redis-py client.

        Raises StoreRefused where Redis answers that it cannot do this one: no sign of an outage.
        """
        if self._failures >= FAILURES_TO_OPEN:
            if time.monotonic() < self._closed_until:
                raise Unreachable("redis")
            self._closed_until = time.monotonic() + OPEN_SECONDS
        try:
            result = await command(self.redis)
        except (RedisError, OSError, TimeoutError) as error:
            if _is_about_the_command(error):
                self._failures = 0
                raise StoreRefused("redis") from error
            self._failures += 1
            if self._failures == FAILURES_TO_OPEN:
                self._closed_until = time.monotonic() + OPEN_SECONDS
            raise Unreachable("redis") from error
        self._failures = 0
        return result

    async def close(self) -> None:
        """Close all connections."""
        await self.redis.aclose(close_connection_pool=True)


def _is_about_the_command(error: Exception) -> bool:
    """True of an error of a script or a value (its own class and no code of the server's state)."""
    return type(error) is ResponseError and str(error).partition(" ")[0] not in _OUTAGES


def _signing_in(login: Rotating[Login]) -> Callable[[Any], Awaitable[None]]:
    """Begins a connection; a password that was refused is read anew, and tried if it differs."""

    async def sign_in(connection: Any) -> None:
        try:
            used = await login.current()
            connection.username, connection.password = used
            try:
                await connection.on_connect()
            except AuthenticationError:
                if await login.renewed(used) is None:
                    raise
                await connection.disconnect(nowait=True)
                await connection.connect()  # which comes here again
        except BaseException:
            # The pool would take it for a connection that is ready.
            await connection.disconnect(nowait=True)
            raise

    return sign_in
