"""A bound on how long another process may take, which our own lateness does not use up."""

from __future__ import annotations

import asyncio
from types import TracebackType

# In so many steps a bound is counted down; an event loop that is late uses up one of them.
STEPS = 25


class Patience:
    """`async with Patience(seconds)`: raises TimeoutError where the block takes longer.

    A loop that is busy for two seconds reads a reply two seconds late, however fast it came. So
    the time is counted in STEPS, each begun when the one before was seen to end: of a delay of the
    loop itself one step counts.
    """

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(None)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0
        self._step = 0.0
        self.last(seconds)

    @property
    def expired(self) -> bool:
        """Whether it was this that ended the block."""
        return self._timeout.expired()

    def last(self, seconds: float) -> None:
        """Begin anew: so many seconds from now on."""
        if self._timer is not None:
            self._timer.cancel()
        self._left, self._step = STEPS, seconds / STEPS
        self._timer = self._loop.call_later(self._step, self._count)

    async def __aenter__(self) -> Patience:
        """The time runs since it was made."""
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """As `asyncio.timeout`."""
        if self._timer is not None:
            self._timer.cancel()
        await self._timeout.__aexit__(kind, error, traceback)

    def _count(self) -> None:
        self._left -= 1
        if self._left:
            self._timer = self._loop.call_later(self._step, self._count)
        else:
            self._timer = None
            self._timeout.reschedule(self._loop.time())
