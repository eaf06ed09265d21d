"""An organisation whose spending is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.integration.events.ledger_scene import DOCUMENTS, Scene

from controlplane.admin.ledger_keeper import Standing
from controlplane.config import Settings
from controlplane.events import ledger_restore
from controlplane.wiring import Container


@pytest.fixture
async def scene(
    settings: Settings, fresh_url: str, whole_day: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """One organisation with eleven caps on four levels, and nothing spent."""
    container = Container(replace(settings, database_url=fresh_url))
    await container.configuration_repository.add_organization("org-1", "One")
    scene = Scene(container, "org-1")
    await scene.store(DOCUMENTS)
    assert await scene.ledgers.open("org-1") is Standing.OPEN
    monkeypatch.setattr(ledger_restore, "SHORTEST_CLOSED", timedelta(0))
    yield scene
    await container.database.close()
    await container.redis.close()
