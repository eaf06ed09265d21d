"""What one organisation's stores hold and no event can read keeps no other organisation waiting."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, text
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, batch
from tests.integration.events.ledger_scene import CALLERS, CAPS, Scene

from controlplane.adapters.postgres.tables import USAGE_ATTRIBUTED_DAILY, USAGE_UNATTRIBUTED_DAYS
from controlplane.adapters.redis.ledger_keys import LOST_KEY, holds_key, limit_key
from controlplane.audit.consume import consume
from controlplane.domain.limits import Limit, Measure, Period
from controlplane.errors import LedgerLost
from controlplane.events import hold_sweep, ledger_reconcile, ledger_restore, usage_roll_up

# They come first in every order.
SICK = "org-0"
CAP = Limit(Measure.COST, SICK, 5_000_000, Period.DAY)


@pytest.fixture
async def sick(scene: Scene) -> Scene:
    """Another organisation beside the first, with caps of its own."""
    await scene.container.configuration_repository.add_organization(SICK, "Sick")
    other = Scene(scene.container, SICK)
    await other.store({("organization", None): {"cost_caps": CAPS}})
    await other.ledgers.open(SICK)
    return other


def _counted(caplog: pytest.LogCaptureFixture, metric: str) -> list[Any]:
    return [line for line in caplog.records if line.message == metric]


async def test_a_counter_that_is_none(
    scene: Scene, sick: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    await scene.spend(3)
    redis = scene.container.redis.redis
    await redis.delete(limit_key(SICK, CAP))
    await redis.set(limit_key(SICK, CAP), "no counter")
    answer = await ledger_reconcile.run(
        {"type": "ledger-reconcile", "quiet_seconds": 0}, scene.container
    )
    assert answer["unreadable"] == [SICK]
    assert answer["counters"] > 0
    assert (answer["busy"], answer["lost"], answer["differences"]) == ([], [], [])
    (line,) = _counted(caplog, "event_set_aside")
    assert (line.org_id, line.event) == (SICK, "ledger-reconcile")


async def test_a_ledger_that_cannot_be_opened(scene: Scene, sick: Scene) -> None:
    await scene.spend(3)
    redis = scene.container.redis.redis
    await redis.flushdb()
    for one in (scene, sick):
        with pytest.raises(LedgerLost):
            await one.reserve(CALLERS[0], lease=0.01)
    await redis.set(limit_key(SICK, CAP), "no counter")
    await asyncio.sleep(0.05)
    answer = await ledger_restore.run({"type": "ledger-restore"}, scene.container)
    assert answer["restored"] == ["org-1"]
    assert answer["waiting"] == {SICK: "unreadable"}


async def test_a_notice_of_a_loss_that_cannot_be_read(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    await scene.spend(3)
    redis = scene.container.redis.redis
    await redis.flushdb()
    with pytest.raises(LedgerLost):
        await scene.reserve(CALLERS[0], lease=0.01)
    await redis.hset(
        LOST_KEY, mapping={SICK: "yesterday", b"\xff": "1:2", "org-9": "9" * 30 + ":1"}
    )
    await asyncio.sleep(0.05)
    answer = await ledger_restore.run({"type": "ledger-restore"}, scene.container)
    assert answer["restored"] == ["org-1"]
    assert _counted(caplog, "ledger_notice_unreadable")
    noticed = await scene.container.ledger.books.lost()
    assert noticed[SICK].holds_end_at - noticed[SICK].noticed_at == timedelta(minutes=15)


async def test_a_hold_that_cannot_be_read(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    redis = scene.container.redis.redis
    unreadable = ["", "{", "[]", '{"admitted_at": 1, "expires_at": 1, "note": "n"}', b"\xff"]
    holds = {f"r{number}": value for number, value in enumerate(unreadable)}
    holds["r9"] = f'{{"admitted_at": {10**40}, "expires_at": 1, "note": {{}}}}'
    await redis.hset(holds_key(SICK), mapping=holds)
    await redis.set(holds_key("org-00"), "no hash")
    await scene.reserve(CALLERS[0], lease=0.01)
    await asyncio.sleep(0.05)
    answer = await hold_sweep.run({"type": "hold-sweep"}, scene.container)
    assert answer["expired"] == 1
    assert len(_counted(caplog, "hold_unreadable")) == len(holds)
    assert await redis.hlen(holds_key(SICK)) == 0
    (event,) = await scene.drain()
    assert event.org_id == "org-1"


async def test_a_day_that_cannot_be_added_up(scene: Scene) -> None:
    events = [audit_event(org_id=org_id) for org_id in (SICK, "org-1")]
    assert await consume(batch(*events), scene.container) == NO_FAILURE
    async with scene.container.database.system() as connection:
        await connection.execute(delete(USAGE_ATTRIBUTED_DAILY))
        days = [{"org_id": e.org_id, "day": e.occurred_at.date()} for e in events]
        await connection.execute(insert(USAGE_UNATTRIBUTED_DAYS), days)
        # As only a record of long ago could be: the column holds any JSON.
        await connection.execute(text("RESET ROLE"))
        await connection.execute(text("ALTER TABLE request_logs NO FORCE ROW LEVEL SECURITY"))
        await connection.execute(
            text("UPDATE request_logs SET usage = :usage WHERE org_id = :org"),
            {"org": SICK, "usage": '{"calls": {"web_search": "many"}}'},
        )
        await connection.execute(text("ALTER TABLE request_logs FORCE ROW LEVEL SECURITY"))
    answer = await usage_roll_up.run({"type": "usage-roll-up"}, scene.container)
    assert (answer["days"], answer["left"]) == (1, 1)
    assert await scene.container.usage_roll_up.days() == [(SICK, events[0].occurred_at.date())]
