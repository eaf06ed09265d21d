"""A policy with as many heavy patterns as it may have keeps no other caller waiting."""

from __future__ import annotations

from typing import Any

from tests.integration.api.conftest import Organization
from tests.integration.api.policy_scene import APP
from tests.unit.gateway.test_aside import LONGEST_SECONDS, heavy_patterns, longest_wait

from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level


async def test_no_other_caller_waits_for_a_write(organization: Organization) -> None:
    async def write() -> None:
        written = await organization.admin.put(APP, json=heavy())
        assert written.status_code in (200, 201)

    assert await longest_wait(write) < LONGEST_SECONDS


async def test_no_other_caller_waits_for_a_rollback(organization: Organization) -> None:
    """What is gone back to was written, and weighed, by another process."""
    actor, policies = Actor(organization.id, "test"), organization.container.policy_repository

    async def go_back() -> None:
        older, _ = await policies.put(actor, Level.APPLICATION, "app-1", heavy(), lambda _: None)
        await policies.put(actor, Level.APPLICATION, "app-1", {"concurrency": 1}, lambda _: None)
        back = await organization.admin.post(f"{APP}/rollback", json={"version": older.version})
        assert back.json()["document"] == older.document

    assert await longest_wait(go_back) < LONGEST_SECONDS


def heavy() -> dict[str, Any]:
    custom = [{"kind": each.kind, "pattern": each.pattern} for each in heavy_patterns()]
    return {"screening": {"custom": custom}}
