"""`user-migration`, inside a running event loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controlplane.adapters.postgres.migrations import MigrationError
from controlplane.config import Settings
from controlplane.events import migrate
from controlplane.wiring import Container

EVENT = {"type": "user-migration"}
HEAD = max(file.name[:4] for file in Path(__file__).parents[3].glob("migrations/versions/0*.py"))


@pytest.fixture
def empty(settings: Settings, empty_url: str) -> Container:
    return Container(replace(settings, database_url=empty_url))


async def test_answers_the_revisions_before_and_after(empty: Container) -> None:
    loop = asyncio.get_running_loop()
    first = await migrate.run({**EVENT, "revision": "head"}, empty)
    second = await migrate.run(EVENT, empty)
    assert first == {"ok": True, **EVENT, "from_revision": None, "to_revision": HEAD}
    assert second == {"ok": True, **EVENT, "from_revision": HEAD, "to_revision": HEAD}
    assert asyncio.get_event_loop() is loop


async def test_the_loop_goes_on_meanwhile(empty: Container) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await migrate.run(EVENT, empty)
    ticking.cancel()
    assert ticks >= 3


@pytest.mark.parametrize("revision", ["", "no; such", "a:b", "+1", 1, None, ["head"]])
async def test_a_bad_revision_is_one_sentence(empty: Container, revision: Any) -> None:
    with pytest.raises(MigrationError, match="'revision' must be"):
        await migrate.run({**EVENT, "revision": revision}, empty)


async def test_an_unknown_revision_is_named(empty: Container) -> None:
    with pytest.raises(MigrationError, match="'ffff'"):
        await migrate.run({**EVENT, "revision": "ffff"}, empty)
