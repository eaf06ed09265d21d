"""What is kept of PostgreSQL's rows is read anew: once for all who wait, and in the background."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from controlplane.errors import Unreachable
from controlplane.telemetry import log_crash

# How long a caller who has an old value waits for the new one.
SOON_SECONDS = 0.15
# How long after a failure the same is not tried again.
RETRY_SECONDS = 2.0
# What an answer waits for at its end where nothing runs between two requests.
FINISH_SECONDS = 0.25
MOST_FAILURES = 10_000

T = TypeVar("T")
Load = Callable[[], Awaitable[T]]


class Refreshes:
    """One load per name at a time, whoever asks; it goes on when its callers have gone.

    While loads are late nobody who has an old value waits for them.
    """

    def __init__(self) -> None:
        self._loads: dict[str, asyncio.Task[object]] = {}
        self._not_before: dict[str, float] = {}
        self._is_late = False

    async def now(self, name: str, load: Load[T]) -> T:
        """What `load` returns, or raises: there is no old value."""
        return cast(T, await asyncio.shield(self._start(name, load)))

    async def soon(self, name: str, load: Load[T]) -> T | None:
        """What `load` returns, where that comes soon; else None, and it goes on."""
        if time.monotonic() < self._not_before.get(name, 0.0):
            return None
        task = self._start(name, load)
        done, _ = await asyncio.wait({task}, timeout=0 if self._is_late else SOON_SECONDS)
        if not done:
            self._is_late = True
            return None
        return None if task.cancelled() or task.exception() else cast("T | None", task.result())

    async def finish(self) -> None:
        """Give what is under way a moment, then end it: no process may be frozen in the middle."""
        if self._loads:
            tasks = list(self._loads.values())
            _, late = await asyncio.wait(tasks, timeout=FINISH_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start(self, name: str, load: Load[T]) -> asyncio.Task[object]:
        task = self._loads.get(name)
        if task is None:
            task = asyncio.ensure_future(self._run(name, load))
            self._loads[name] = task
            task.add_done_callback(lambda done: self._ended(name, done))
        return task

    async def _run(self, name: str, load: Load[T]) -> object:
        return await load()

    def _ended(self, name: str, task: asyncio.Task[object]) -> None:
        del self._loads[name]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Unreachable):
            log_crash(error)
        if task.cancelled() or error is not None:
            if len(self._not_before) >= MOST_FAILURES:
                self._not_before.clear()
            self._not_before[name] = time.monotonic() + RETRY_SECONDS
        else:
            self._is_late = False
            self._not_before.pop(name, None)
