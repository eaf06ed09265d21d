"""A caller may leave while its answer is being made: then nothing more is done for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` returns; None where the caller left first.

    The body has to be read before: what `receive` tells next is that the caller is gone.
    """
    working = asyncio.ensure_future(work)
    await finishes(receive, working)
    return None if working.cancelled() else working.result()


async def finishes(
    receive: Receive, working: asyncio.Future[T], seconds: float | None = None
) -> bool:
    """Wait for `working`; False where it is not done after `seconds`.

    It is ended where the caller leaves first.
    """
    leaving = asyncio.ensure_future(disconnected(receive))
    both: set[asyncio.Future[Any]] = {working, leaving}
    try:
        await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            await end(working)
        return working.done()
    except asyncio.CancelledError:
        await end(working)
        raise
    finally:
        leaving.cancel()


async def end(working: asyncio.Future[T]) -> None:
    """Cancel it once, and wait: what it does to clean up runs undisturbed."""
    if not working.done():
        working.cancel()
        await asyncio.wait({working})


async def disconnected(receive: Receive) -> None:
    """Returns when the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
