"""A bound for others: what our own event loop is late does not use it up."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.virtual_time import in_virtual_time

from controlplane.adapters.patience import Patience


def test_it_ends_what_takes_longer() -> None:
    async def scene() -> float:
        with pytest.raises(TimeoutError):
            async with Patience(0.5) as patience:
                await asyncio.sleep(60)
        assert patience.expired
        return asyncio.get_running_loop().time()

    assert in_virtual_time(scene()) == pytest.approx(0.5)


def test_it_may_begin_anew() -> None:
    async def scene() -> None:
        async with Patience(0.5) as patience:
            await asyncio.sleep(0.4)
            patience.last(0.5)
            await asyncio.sleep(0.4)

    in_virtual_time(scene())


@pytest.mark.parametrize(("wait", "is_late"), [(Patience, False), (asyncio.timeout, True)])
async def test_a_loop_that_is_busy_is_not_the_others_fault(wait: type, is_late: bool) -> None:
    """A reply that takes 5 ms, of a bound of 50, while other callbacks keep the loop for 200; and
    the control."""

    async def waited() -> None:
        async with wait(0.05):
            reply = asyncio.ensure_future(asyncio.sleep(0.005))
            asyncio.get_running_loop().call_soon(time.sleep, 0.1)
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(time.sleep, 0.1)
            await reply

    if is_late:
        with pytest.raises(TimeoutError):
            await waited()
    else:
        await waited()
