"""Waits are bounded one by one and together, and a cancellation from elsewhere stays one."""

from __future__ import annotations

import asyncio
import time

import pytest

from controlplane.gateway.watchdog import Watchdog


def watchdog(idle_s: float, total_s: float = 60.0) -> Watchdog:
    return Watchdog(idle_s, asyncio.get_running_loop().time() + total_s)


async def after(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "here"


async def test_short_waits_go_on_for_longer_than_one_may_take() -> None:
    dog = watchdog(0.2)
    for _ in range(10):
        assert await dog.wait(after(0.05)) == "here"
    dog.stop()


async def test_one_long_wait_is_ended() -> None:
    dog = watchdog(0.2)
    await dog.wait(after(0.15))
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        await dog.wait(after(60))
    assert 0.15 < time.monotonic() - started < 0.5
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    dog.stop()


async def test_the_deadline_ends_even_short_waits() -> None:
    dog = watchdog(10, total_s=0.3)
    started = time.monotonic()

    async def many_short_waits() -> None:
        while True:
            await dog.wait(after(0.04))

    with pytest.raises(TimeoutError):
        await many_short_waits()
    assert time.monotonic() - started < 0.6


async def test_time_between_waits_does_not_count_as_idle() -> None:
    dog = watchdog(0.1)
    await dog.wait(after(0.01))
    await asyncio.sleep(0.3)
    assert await dog.wait(after(0.05)) == "here"
    dog.stop()


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    async def wait() -> None:
        await watchdog(10).wait(after(60))

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_passes() -> None:
    async def fail() -> None:
        raise ValueError

    dog = watchdog(10)
    with pytest.raises(ValueError):  # noqa: PT011 - it is the very error
        await dog.wait(fail())
    dog.stop()
