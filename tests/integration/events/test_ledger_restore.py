"""After a loss of Redis nothing is admitted under a cap until all is counted anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.integration.events.ledger_scene import CALLERS, Scene

from controlplane.admin.ledger_keeper import Standing
from controlplane.domain.limits import Decision, Hold
from controlplane.errors import LedgerLost
from controlplane.events import ledger_reconcile, ledger_restore
from controlplane.wiring import Container

RESTORE = {"type": "ledger-restore"}
RECONCILE = {"type": "ledger-reconcile"}
OF_FIRST_CALLER = ("cost:org-1:", "cost:app-1:", "cost:key:k1:")


async def reconcile(scene: Scene, **event: Any) -> dict[str, Any]:
    return await ledger_reconcile.run({**RECONCILE, "quiet_seconds": 0, **event}, scene.container)


async def restore(scene: Scene) -> dict[str, Any]:
    return await ledger_restore.run(RESTORE, scene.container)


async def lose(scene: Scene, *, lease: float = 0.5) -> None:
    """Redis forgets everything, and the next request notices."""
    await scene.container.redis.redis.flushdb()
    with pytest.raises(LedgerLost):
        await scene.reserve(CALLERS[0], lease=lease)


async def test_after_a_loss_nothing_is_admitted_until_all_is_counted_anew(scene: Scene) -> None:
    await scene.spend(25)
    before = await scene.counters()
    await lose(scene, lease=1.0)
    assert (await reconcile(scene))["lost"] == ["org-1"]
    assert await scene.ledgers.open("org-1") is Standing.LOST

    # First the holds from before the loss have to end ...
    assert (await restore(scene))["waiting"] == {"org-1": "holds"}
    with pytest.raises(LedgerLost):
        await scene.reserve(CALLERS[0], lease=1.0)
    await _until_holds_end(scene)

    # ... then what they cost has to be on record ...
    late = scene.event(await _degraded(scene), CALLERS[0], 1_234)
    await scene.container.audit_queue.append(late)
    assert (await restore(scene))["waiting"] == {"org-1": "records"}
    with pytest.raises(LedgerLost):
        await scene.reserve(CALLERS[0], lease=1.0)
    await scene.drain()

    # ... and then it goes on where it was.
    answer = await restore(scene)
    assert (answer["restored"], answer["waiting"]) == (["org-1"], {})
    after = await scene.counters()
    for name, buckets in before.items():
        of_late = 1_234 if name.startswith(OF_FIRST_CALLER) else 0
        assert sum(after[name].values()) == sum(buckets.values()) + of_late, name
    assert (await reconcile(scene))["differences"] == []
    await scene.spend(5)
    assert (await reconcile(scene))["differences"] == []
    assert (await restore(scene))["restored"] == []


@pytest.mark.dates
async def test_a_settlement_while_it_is_lost_is_counted_once(scene: Scene) -> None:
    decision = await scene.reserve(CALLERS[0])
    await scene.spend(3)
    await lose(scene)
    await scene.container.ledger.settle(decision.hold, tokens=0, cost_microusd=777)
    await scene.container.audit_queue.append(scene.event(decision, CALLERS[0], 777))
    await scene.drain()
    await _until_holds_end(scene)
    assert (await restore(scene))["restored"] == ["org-1"]
    assert (await reconcile(scene))["differences"] == []
    # And one that comes after, on top.
    await scene.spend(2)
    assert (await reconcile(scene))["differences"] == []


async def test_a_queue_that_never_empties_does_not_keep_it_closed_for_ever(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.spend(2)
    await lose(scene, lease=0.01)
    await scene.container.audit_queue.append(scene.event(await _degraded(scene), CALLERS[0], 1))
    await asyncio.sleep(0.02)
    await _until_holds_end(scene)
    assert (await restore(scene))["waiting"] == {"org-1": "records"}
    monkeypatch.setattr(ledger_restore, "LONGEST_CLOSED", timedelta(0))
    assert (await restore(scene))["restored"] == ["org-1"]


async def test_it_stays_closed_for_as_long_as_sqs_may_miscount(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.spend(1)
    await lose(scene, lease=0.01)
    await asyncio.sleep(0.05)
    monkeypatch.setattr(ledger_restore, "SHORTEST_CLOSED", timedelta(minutes=1))
    assert (await restore(scene))["waiting"] == {"org-1": "holds"}


async def test_an_organisation_without_records_is_opened_at_once(scene: Scene) -> None:
    await lose(scene, lease=600)
    answer = await restore(scene)
    assert (answer["restored"], answer["waiting"]) == (["org-1"], {})
    assert (await scene.reserve(CALLERS[0])).refused_by is None


async def test_one_whose_first_records_are_still_under_way_is_not_new(scene: Scene) -> None:
    await lose(scene, lease=600)
    late = scene.event(await _degraded(scene), CALLERS[0], 1_234)
    await scene.container.audit_queue.append(late)
    answer = await restore(scene)
    assert (answer["restored"], answer["waiting"]) == ([], {"org-1": "holds"})


async def test_while_nothing_is_lost_postgresql_may_sleep(scene: Scene) -> None:
    container = Container(replace(scene.container.settings, database_url="postgresql://nowhere/x"))
    answer = await ledger_restore.run(RESTORE, container)
    assert answer == {"ok": True, **RESTORE, "restored": [], "waiting": {}}
    await container.redis.close()


async def _degraded(scene: Scene) -> Decision:
    """A request from before the loss, which Redis no longer knows."""
    now = await scene.container.ledger.books.now()
    return Decision(Hold("from before", scene.org_id, admitted_at=now), ())


async def _until_holds_end(scene: Scene) -> None:
    """`open` knows no leases and assumes long ones; here nobody holds anything for a second."""
    redis, books = scene.container.redis.redis, scene.container.ledger.books
    noticed, _, lease = (await redis.hget("ledgers:lost", scene.org_id)).partition(b":")
    shorter = min(int(lease), 1_000_000)
    await redis.hset("ledgers:lost", scene.org_id, b"%b:%d" % (noticed, shorter))
    loss = (await books.lost())[scene.org_id]
    wait = (loss.holds_end_at - await books.now()).total_seconds()
    await asyncio.sleep(max(0, wait) + 0.01)
