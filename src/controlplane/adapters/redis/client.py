"""One Redis connection pool with short waits, no retries and a breaker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from controlplane.adapters.breaker import Breaker
from controlplane.adapters.patience import Patience
from controlplane.adapters.redis.mark import Mark
from controlplane.domain.rotating import Rotating
from controlplane.errors import StoreRefused, Unreachable

FAILURES_TO_OPEN = 2
OPEN_SECONDS = 1.0
# A handshake of TLS alone takes 50 ms; how late a cold function is does not count.
CONNECT_SECONDS = 0.15

# Errors by which a server says that it serves no command of this kind at the moment.
_OUTAGES = frozenset({"BUSY", "MISCONF", "NOREPLICAS", "OOM", "UNKILLABLE"})

T = TypeVar("T")
Login = tuple[str, str]


class RedisClient:
    """Runs commands; whatever goes wrong is Unreachable("redis").

    After FAILURES_TO_OPEN failures in a row, or where no connection can be made, it stops trying
    for OPEN_SECONDS, so that a dead Redis costs a caller nothing, then lets one command through to
    see. `timeout_ms` is for Redis alone: how late our own event loop is does not count.

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
        self._seconds = timeout_ms / 1000
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            # Patience bounds all of a command: redis-py would count our own lateness, too.
            timeout=None,
            socket_timeout=None,
            socket_connect_timeout=None,
            # redis-py's own retries turn a 50 ms timeout into seconds.
            retry=Retry(NoBackoff(), 0),
            redis_connect_func=_signing_in(login) if login else None,
        )
        # The address would have the last word about an argument of this name.
        tls = issubclass(pool.connection_class, SSLConnection)
        pool.connection_class = _TlsConnection if tls else _PlainConnection
        self.redis: Any = Redis(connection_pool=pool)
        self.breaker = Breaker(FAILURES_TO_OPEN, OPEN_SECONDS)
        self.mark = Mark(self.redis)

    async def run(self, command: Callable[[Any], Awaitable[T]]) -> T:
        """Run one command, given as a function of the redis-py client.

        Raises StoreRefused where Redis answers that it cannot do this one: no sign of an outage.
        """
        if not self.breaker.lets_pass():
            raise Unreachable("redis")
        waiting = _BoundedWait(self._seconds)
        token = _WAITING.set(waiting)
        try:
            async with waiting.patience:
                result = await command(self.redis)
        except (RedisError, OSError, TimeoutError) as error:
            if _is_about_the_command(error):
                self.breaker.succeeded()
                raise StoreRefused("redis") from error
            self.breaker.failed()
            if waiting.connects:
                self.breaker.open()
            raise Unreachable("redis") from error
        finally:
            _WAITING.reset(token)
        self.breaker.succeeded()
        return result

    async def noted(self, mark: Sequence[bytes | None]) -> None:
        """Take notice of the mark that a pipeline read. Raises Unreachable."""
        if not self.mark.is_seen(mark):
            await self.run(self.mark.renewed)

    async def close(self) -> None:
        """Close all connections."""
        await self.redis.aclose(close_connection_pool=True)


class _BoundedWait:
    """How long one command may still take."""

    def __init__(self, seconds: float) -> None:
        self.patience = Patience(seconds)
        self.connects = False
        self._seconds = seconds

    def begin_to_connect(self) -> None:
        """From now on it is for a new connection."""
        self.connects = True
        self.patience.last(max(self._seconds, CONNECT_SECONDS))

    def connected(self) -> None:
        """The command itself begins."""
        self.connects = False
        self.patience.last(self._seconds)


_WAITING: ContextVar[_BoundedWait | None] = ContextVar("waiting", default=None)


class _Bounded:
    """A connection that has CONNECT_SECONDS to be made, and is closed where that fails."""

    async def connect_check_health(self: Any, *args: Any, **options: Any) -> None:
        """What redis-py calls to connect, where it is not connected."""
        if self.is_connected:
            return
        waiting = _WAITING.get()
        if waiting is not None:
            waiting.begin_to_connect()
        try:
            await super().connect_check_health(*args, **options)  # type: ignore[misc]
        except BaseException:
            # The pool would take it for a connection that is ready.
            await self.disconnect(nowait=True)
            raise
        if waiting is not None:
            waiting.connected()


class _PlainConnection(_Bounded, Connection):
    """Of an address `redis://`."""


class _TlsConnection(_Bounded, SSLConnection):
    """Of an address `rediss://`."""


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
