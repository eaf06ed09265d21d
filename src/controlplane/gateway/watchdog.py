"""A bound on each of many waits, for the price of one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Watchdog:
    """Bounds waits one after another: each by `idle_s`, all by `deadline` (a time of the loop).

    The deadline may be put off. `waited` is the time that was spent waiting.

    `asyncio.timeout` around every chunk of a stream costs a third of all that a chunk costs here;
    this sets a timer once in a while, and each chunk only notes the time.
    """

    def __init__(self, idle_s: float, deadline: float) -> None:
        self._idle = idle_s
        self.deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._since = 0.0
        self._fired = False
        self.waited = 0.0
        self._timer = self._loop.call_at(self._next(), self._look)

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """What `awaitable` gives. Raises TimeoutError where it takes too long."""
        task = self._task = asyncio.current_task()
        since = self._since = self._loop.time()
        try:
            return await awaitable
        except asyncio.CancelledError:
            if not self._fired or task is None or task.uncancel() > 0:
                raise
            raise TimeoutError from None
        finally:
            self._task = None
            self.waited += self._loop.time() - since

    def stop(self) -> None:
        """No more waits."""
        self._timer.cancel()

    def _next(self) -> float:
        since = self._since if self._task else self._loop.time()
        return min(since + self._idle, self.deadline)

    def _look(self) -> None:
        now = self._loop.time()
        if self._task and now >= min(self._since + self._idle, self.deadline):
            self._fired = True
            self._task.cancel()
            return
        # Past the deadline only the next wait can be ended: look again soon.
        self._timer = self._loop.call_at(max(self._next(), now + MIN_INTERVAL_SECONDS), self._look)


MIN_INTERVAL_SECONDS = 0.05
