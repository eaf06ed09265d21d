"""What is read anew: once for all who ask, and no caller with an old value waits for long."""

from __future__ import annotations

import asyncio

import pytest
from tests.virtual_time import in_virtual_time

from controlplane.adapters.refreshes import FINISH_SECONDS, SOON_SECONDS, Refreshes
from controlplane.errors import Unreachable


class Database:
    """Takes so long for each load."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.loads = 0
        self.ended = 0

    async def load(self) -> str:
        self.loads += 1
        await asyncio.sleep(self.seconds)
        self.ended += 1
        return "new"


def test_a_quick_load_is_waited_for_and_shared() -> None:
    async def scene() -> None:
        database, refreshes = Database(0.01), Refreshes()
        found = await asyncio.gather(*(refreshes.soon("a", database.load) for _ in range(20)))
        assert (found, database.loads) == (["new"] * 20, 1)

    in_virtual_time(scene())


def test_a_slow_load_costs_the_first_a_moment_and_the_others_nothing() -> None:
    async def scene() -> None:
        database, refreshes = Database(60), Refreshes()
        clock = asyncio.get_running_loop().time
        assert await refreshes.soon("a", database.load) is None
        assert clock() == pytest.approx(SOON_SECONDS)
        assert await asyncio.gather(*(refreshes.soon("b", database.load) for _ in range(20))) == (
            [None] * 20
        )
        assert clock() == pytest.approx(SOON_SECONDS)
        assert database.loads == 2
        await asyncio.sleep(61)
        assert database.ended == 2, "it went on in the background"

    in_virtual_time(scene())


def test_a_caller_who_leaves_ends_no_load() -> None:
    async def scene() -> None:
        database, refreshes = Database(1), Refreshes()
        first = asyncio.ensure_future(refreshes.now("a", database.load))
        await asyncio.sleep(0.1)
        first.cancel()
        assert await refreshes.now("a", database.load) == "new"
        assert database.loads == 1

    in_virtual_time(scene())


def test_a_cold_load_that_fails_says_so_to_all_and_an_old_value_serves() -> None:
    async def scene() -> None:
        async def fail() -> str:
            await asyncio.sleep(0.01)
            raise Unreachable("postgresql")

        refreshes = Refreshes()
        cold = (refreshes.now("a", fail) for _ in range(3))
        assert [type(e) for e in await asyncio.gather(*cold, return_exceptions=True)] == (
            [Unreachable] * 3
        )
        assert await refreshes.soon("a", fail) is None

    in_virtual_time(scene())


def test_at_the_end_of_an_event_a_quick_load_ends_and_a_slow_one_is_given_up() -> None:
    async def scene() -> None:
        quick, slow, refreshes = Database(SOON_SECONDS + 0.1), Database(60), Refreshes()
        await asyncio.gather(refreshes.soon("a", quick.load), refreshes.soon("b", slow.load))
        before = asyncio.get_running_loop().time()
        await refreshes.finish()
        assert asyncio.get_running_loop().time() - before <= FINISH_SECONDS + 0.01
        assert (quick.ended, slow.ended) == (1, 0)
        assert len(asyncio.all_tasks()) == 1, "nothing is left to be frozen"

    in_virtual_time(scene())
