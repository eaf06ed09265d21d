"""`hold-sweep`: what a dead process held is on record, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from tests.integration.events.ledger_scene import CALLERS, CAPS, Scene
from tests.integration.redis.ledger_process import LedgerProcess

from controlplane.config import Settings
from controlplane.domain.audit import AuditEvent
from controlplane.domain.limits import Claim, Limit, Measure, Period
from controlplane.domain.questions import UsageQuery
from controlplane.events import hold_sweep
from controlplane.wiring import Container

EVENT = {"type": "hold-sweep"}
NOTE = {
    "application_id": "app-1",
    "subject": "key:k1",
    "role": "service",
    "operation": "chat.completions",
    "model_requested": "gpt-4o",
}
CAP = Limit(Measure.COST, "org-1", 5_000_000, Period.DAY)

HELD = Limit(Measure.CONCURRENCY, "app-1", 5, None)


def told_day(event: AuditEvent) -> date:
    assert event.admitted_at is not None
    return event.admitted_at.astimezone(UTC).date()


@pytest.fixture
async def scene(settings: Settings, fresh_url: str, whole_day: None) -> AsyncIterator[Scene]:
    """One organisation with two caps."""
    container = Container(replace(settings, database_url=fresh_url))
    await container.configuration_repository.add_organization("org-1", "One")
    scene = Scene(container, "org-1")
    await scene.store({("organization", None): {"cost_caps": CAPS}})
    await scene.ledgers.open("org-1")
    yield scene
    await container.database.close()
    await container.redis.close()


async def sweep(scene: Scene) -> int:
    answer = await hold_sweep.run(EVENT, scene.container)
    assert (answer["ok"], answer["type"]) == (True, "hold-sweep")
    expired: int = answer["expired"]
    return expired


async def test_a_killed_process_leaves_nothing_held_and_an_audit_event(scene: Scene) -> None:
    with LedgerProcess(scene.container.settings.redis_url) as process:
        process.begin(
            "hang",
            CAP,
            org_id="org-1",
            request_id="dies",
            cost_microusd=5_000_000,
            lease_seconds=3,
            note=NOTE,
        )
        assert process.result() == {"admitted": 1}
        process.kill()
    assert await sweep(scene) == 0
    assert (await scene.reserve(CALLERS[0])).refused_by is not None
    await asyncio.sleep(3.1)
    assert (await scene.reserve(CALLERS[0])).refused_by is None
    assert await sweep(scene) == 1
    (event,) = await scene.drain()
    record = await scene.container.request_logs.get("org-1", "dies")
    assert record is not None
    expected = {**NOTE, "status": 500, "code": "hold_expired", "cost_microusd": None}
    assert {name: record[name] for name in expected} == expected
    assert event.is_outcome_unknown
    assert event.occurred_at == event.admitted_at
    assert await sweep(scene) == 0


@pytest.mark.parametrize("first", ["outcome", "sweep"])
async def test_a_request_that_was_answered_all_the_same_is_recorded_as_it_ended(
    first: str, scene: Scene
) -> None:
    """Its settlement found Redis away, say, or its stream outlived its lease."""
    answered = await scene.reserve(CALLERS[0], lease=0.01)
    told = scene.event(answered, CALLERS[0], cost=7)
    if first == "outcome":
        await scene.container.audit_queue.append(told)
    await asyncio.sleep(0.05)
    assert await sweep(scene) == 1
    if first == "sweep":
        await scene.drain()
        await scene.container.audit_queue.append(told)
    await scene.drain()
    record = await scene.container.request_logs.get("org-1", answered.hold.request_id)
    assert record is not None
    assert (record["status"], record["cost_microusd"]) == (200, 7)
    rows, _ = await scene.container.request_logs.page("org-1", limit=100)
    assert len(rows) == 1
    (sums,) = await scene.container.usage.sums("org-1", UsageQuery(told_day(told), told_day(told)))
    assert (sums["requests"], sums["failed"], sums["cost_microusd"]) == (1, 0, 7)


@pytest.mark.parametrize("began", ["2026-10-31T23:59:59.5+00:00", "yesterday", "2026-10-31", 7])
async def test_it_is_told_under_the_time_at_which_the_request_came(
    began: object, scene: Scene
) -> None:
    claim = Claim("r1", "org-1", (HELD,), lease_seconds=0.01, note={"occurred_at": began})
    decision = await scene.container.ledger.reserve(claim)
    await asyncio.sleep(0.05)
    assert await sweep(scene) == 1
    (event,) = await scene.drain()
    is_time = isinstance(began, str) and "T" in began
    assert event.occurred_at == (
        datetime.fromisoformat(str(began)) if is_time else decision.hold.admitted_at
    )


async def test_two_sweeps_at_a_time_leave_one_record(scene: Scene) -> None:
    for _ in range(12):
        await scene.reserve(CALLERS[0], lease=0.01)
    await asyncio.sleep(0.05)
    found = await asyncio.gather(*(sweep(scene) for _ in range(3)))
    assert max(found) == 12
    await scene.drain()
    rows, _ = await scene.container.request_logs.page("org-1", limit=100)
    assert len(rows) == len({row["request_id"] for row in rows}) == 12
    assert await sweep(scene) == 0


async def test_what_is_settled_or_still_held_is_left_alone(scene: Scene) -> None:
    settled = await scene.reserve(CALLERS[0], lease=0.01)
    await scene.reserve(CALLERS[0], lease=30)
    await scene.container.ledger.settle(settled.hold, tokens=0, cost_microusd=5)
    await asyncio.sleep(0.05)
    assert await sweep(scene) == 0
    assert await scene.drain() == []


async def test_all_organisations_are_swept(scene: Scene) -> None:
    for org_id in ("org-2", "org-3"):
        claim = Claim("r1", org_id, (HELD,), lease_seconds=0.01)
        await scene.container.ledger.reserve(claim)
    await asyncio.sleep(0.05)
    assert await sweep(scene) == 2
    events = await scene.drain()
    assert {event.org_id for event in events} == {"org-2", "org-3"}
