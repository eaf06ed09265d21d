"""One stack for all tests of this folder, two keys, and what has to be true after any fault."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from controlplane.local.children import free_port
from tests.faults.callers import PATIENCE_SECONDS, REQUEST, Asked, Callers, ask
from tests.faults.parts import Parts

RECOVERY_SECONDS = 10.0
# A batch that a killed function had is seen again after 30 s.
RECORD_SECONDS = 60.0
SOON_SECONDS = 4.0
CLOSED = 503
CAP_USD = "0.50"
ROOMY = [{"requests": 100_000, "window_seconds": 60}]


@dataclass
class Scene:
    """The running parts, and the keys of two applications: one with a cap, one without.

    Where Redis `is_lost`, caps are closed until their totals are counted anew from the trail.
    """

    parts: Parts
    url: str
    capped: str
    free: str
    asked: list[Asked]
    is_lost: bool = False
    faults: list[tuple[float, str]] = field(default_factory=list)

    def break_part(self, fault: str, part: str) -> None:
        """Freeze or kill it."""
        self.faults.append((time.monotonic(), f"{fault} {part}"))
        self.is_lost |= (fault, part) == ("kill", "redis")
        getattr(self.parts, fault)(part)

    def heal(self, fault: str, part: str) -> None:
        """Thaw it, or start it again."""
        self.faults.append((time.monotonic(), f"after {fault} {part}"))
        (self.parts.thaw if fault == "freeze" else self.parts.restart)(part)

    def when(self, asked: Asked) -> str:
        """What happened while it was asked."""
        began = [each for each in self.faults if each[0] < asked.at + asked.seconds]
        if not began:
            return "before any fault"
        at, fault = began[-1]
        return f"{asked.at - at:.1f} to {asked.at + asked.seconds - at:.1f} s of {fault}"

    def callers(self, number: int) -> Callers:
        """So many callers, half of them with a cap; what they ask is remembered."""
        return Callers(self.url, [self.free, self.capped], number, asked=self.asked)

    async def recovered_in(self) -> float:
        """Seconds until both keys are served at once again; RECOVERY_SECONDS if they are not."""
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            while (took := time.monotonic() - began) < RECOVERY_SECONDS:
                keys = (self.free, self.capped)
                tries = await asyncio.gather(*(ask(client, self.url, k, REQUEST) for k in keys))
                self.asked += tries
                if all(self._is_served(each) for each in tries):
                    return took
                await asyncio.sleep(0.1)
        return RECOVERY_SECONDS

    async def caps_open_in(self, seconds: float) -> float:
        """Seconds until caps that were lost are counted again; `seconds` if they are not."""
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            while (took := time.monotonic() - began) < seconds:
                self.asked.append(await ask(client, self.url, self.capped, REQUEST))
                if self.asked[-1].status != CLOSED:
                    self.is_lost = False
                    return took
                await asyncio.sleep(1.0)
        return seconds

    def _is_served(self, asked: Asked) -> bool:
        """A cap that is used up is known to be, which it is not while its total is lost."""
        served = {200, 429} | ({CLOSED} if self.is_lost and asked.key == self.capped else set())
        return asked.status in served and asked.seconds < SOON_SECONDS

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What PostgreSQL has."""
        with psycopg.connect(self.parts.env["DATABASE_URL"]) as connection:
            return connection.execute(query, values).fetchall()


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    """Start everything. Not below pytest's folder, which PostgreSQL's user cannot enter."""
    with tempfile.TemporaryDirectory(prefix="llm-cp-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / ".local").mkdir()
        parts = Parts(Path(folder), free_port())
        try:
            parts.start()
            yield _with_keys(parts)
        finally:
            parts.stop()


def _with_keys(parts: Parts) -> Scene:
    admin = httpx.Client(
        base_url=f"{parts.url}/admin/v1",
        headers={"Authorization": f"Bearer {parts.env['LLM_CP_ADMIN_TOKEN']}"},
        timeout=30,
    )
    with admin:
        policies = {
            "app-free": {"rate_limits": ROOMY},
            "app-capped": {
                "rate_limits": ROOMY,
                "cost_caps": [{"usd": CAP_USD, "period": "day"}],
            },
        }
        keys = {}
        for app, policy in policies.items():
            admin.post("/applications", json={"id": app, "name": app}).raise_for_status()
            wanted = {"application_id": app, "name": app}
            keys[app] = admin.post("/api-keys", json=wanted).raise_for_status().json()["key"]
            admin.put(f"/policies/application/{app}", json=policy).raise_for_status()
    return Scene(parts, parts.url, keys["app-capped"], keys["app-free"], [])


@pytest.fixture
async def settled(scene: Scene) -> AsyncIterator[Scene]:
    """The scene, whole before the test and after it."""
    assert await scene.recovered_in() < RECOVERY_SECONDS
    yield scene
    assert await scene.recovered_in() < RECOVERY_SECONDS
