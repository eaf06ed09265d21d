"""Aside: long screening runs on a thread, so that no other caller of the process waits for it.

RE2 searches without the lock of the interpreter, and Python gives it up every few milliseconds.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

# A scan of less is over in a few milliseconds whatever it says; a hop costs a tenth of one.
AT_ONCE_BYTES = 8 * 1024
# More of them would share the same cores, and each takes its turn of the interpreter's lock.
_THREADS = 2
# What a number, a name of a member or a bracket counts for.
_NODE_BYTES = 8


async def aside(work: Callable[[], T], size: int) -> T:
    """What `work` returns or raises; on a thread where it looks at more than AT_ONCE_BYTES."""
    return work() if size <= AT_ONCE_BYTES else await on_thread(work)


async def on_thread(work: Callable[[], T]) -> T:
    """What `work` returns or raises, made on a thread."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_threads(), context.run, work)


async def each_aside(steps: Iterator[T], size: int) -> AsyncGenerator[T, None]:
    """What `steps` makes, and then what it raises, if anything; made on a thread likewise."""
    if size <= AT_ONCE_BYTES:
        for step in steps:
            yield step
        return
    made: list[T] = []
    error: Exception | None = None

    def run() -> None:
        nonlocal error
        try:
            made.extend(steps)
        except Exception as raised:
            # What was made before it still goes out.
            error = raised

    await aside(run, size)
    for step in made:
        yield step
    if error is not None:
        raise error


def size_of(value: Any, enough: int = AT_ONCE_BYTES) -> int:
    """About how many bytes of JSON `value` is; the count ends once it is above `enough`."""
    size, waiting = 0, [value]
    while waiting and size <= enough:
        value = waiting.pop()
        size += _NODE_BYTES
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, Mapping):
            size += sum(map(len, value)) if len(value) < enough else enough
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
    return size


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="screen")
