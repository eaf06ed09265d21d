"""Redis and the audit trail say the same, to the micro-dollar, also of caps that come and go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.integration.events.ledger_scene import CALLERS, CAPS, DOCUMENTS, Documents, Scene

from controlplane.adapters.redis import ledger_books
from controlplane.admin.ledger_keeper import Standing, caps_in
from controlplane.errors import ControlPlaneError, LedgerLost
from controlplane.events import ledger_reconcile

RECONCILE = {"type": "ledger-reconcile"}


async def reconcile(scene: Scene, **event: Any) -> dict[str, Any]:
    return await ledger_reconcile.run({**RECONCILE, "quiet_seconds": 0, **event}, scene.container)


@pytest.mark.dates
async def test_redis_equals_the_sum_of_the_records(scene: Scene) -> None:
    spent = await scene.spend(40)
    counters = await scene.counters()
    assert {sum(counters[f"cost:org-1:{window}"].values()) for window in ("day", "month")} == {
        spent
    }
    assert 0 < sum(counters["cost:app-1:day"].values()) < spent
    answer = await reconcile(scene)
    assert answer == {
        "ok": True,
        "type": "ledger-reconcile",
        "organizations": 1,
        "counters": 13,
        "busy": [],
        "unreadable": [],
        "lost": [],
        "differences": [],
    }


async def test_a_difference_is_told_and_repaired_where_asked(scene: Scene) -> None:
    await scene.spend(10)
    right = await scene.counters()
    # A process that died between its settlement and its record, say.
    stray = await scene.reserve(CALLERS[3])
    await scene.container.ledger.settle(stray.hold, tokens=0, cost_microusd=4_321)
    told = (await reconcile(scene, org_id="org-1"))["differences"]
    assert {row["limit"].split(":")[1] for row in told} == {"org-1"}
    assert len(told) == 4
    for row in told:
        assert row["ledger_microusd"] - row["recorded_microusd"] == 4_321
        assert row["repaired"] is False
    again = (await reconcile(scene, repair=True))["differences"]
    assert [row["repaired"] for row in again] == [True] * 4
    assert await scene.counters() == right
    assert (await reconcile(scene))["differences"] == []


async def test_what_does_not_stand_still_is_not_compared(scene: Scene) -> None:
    decision = await scene.reserve(CALLERS[0])
    assert (await reconcile(scene, repair=True))["busy"] == ["org-1"]
    await scene.container.ledger.settle(decision.hold, tokens=0, cost_microusd=9)
    await scene.container.audit_queue.append(scene.event(decision, CALLERS[0], 9))
    answer = await reconcile(scene, repair=True)
    assert (answer["busy"], answer["differences"]) == (["org-1"], [])
    await scene.drain()
    assert (await reconcile(scene, quiet_seconds=120))["busy"] == ["org-1"]
    answer = await reconcile(scene)
    assert (answer["busy"], answer["differences"]) == ([], [])


@pytest.mark.dates
async def test_a_new_cap_counts_what_was_spent_before(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_books, "CLOSING_SECONDS", 0)
    await scene.store({("organization", None): {"cost_caps": CAPS}})
    await scene.ledgers.open("org-1")
    spent = await scene.spend(12)
    await scene.store(DOCUMENTS)
    with pytest.raises(LedgerLost):  # in force before it was opened
        await scene.reserve(CALLERS[0])
    assert await scene.ledgers.open("org-1") is Standing.OPEN
    counters = await scene.counters()
    assert sum(counters["cost:org-1:86400s"].values()) == spent
    assert 0 < sum(counters["cost:app-1:600s"].values()) < spent
    assert (await reconcile(scene))["differences"] == []


async def test_a_cap_that_was_gone_for_a_while_counts_that_time_too(scene: Scene) -> None:
    await scene.spend(3)
    only: Documents = {("organization", None): DOCUMENTS["organization", None]}
    await scene.store(only)
    await scene.ledgers.open("org-1")
    await scene.spend(6)
    await scene.store(DOCUMENTS)
    await scene.ledgers.open("org-1")
    assert (await reconcile(scene))["differences"] == []


async def test_a_cap_that_goes_serves_those_who_still_know_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.spend(2)
    await scene.store({("organization", None): {"cost_caps": CAPS}})
    await scene.ledgers.open("org-1")
    await scene.store(DOCUMENTS)  # stands for a process that has read the policy of before
    decision = await scene.reserve(CALLERS[0])
    await scene.container.ledger.settle(decision.hold, tokens=0, cost_microusd=5)
    charged = [limit for limit in decision.hold.limits if limit.scope == "app-1"]
    page = await scene.container.ledger.books.read("org-1", charged)
    assert {counter.state for counter in page.counters} == {ledger_books.State.NOT_OPEN}
    await scene.store({("organization", None): {"cost_caps": CAPS}})
    monkeypatch.setattr(ledger_books, "CLOSING_SECONDS", 0)
    await scene.store({})
    await scene.ledgers.open("org-1")
    await scene.store({("organization", None): {"cost_caps": CAPS}})
    with pytest.raises(LedgerLost):
        await scene.reserve(CALLERS[0])


async def test_opening_leaves_what_is_held_and_spent_alone(scene: Scene) -> None:
    await scene.spend(3)
    decision = await scene.reserve(CALLERS[0])
    before = await scene.counters()
    results = await asyncio.gather(*(scene.ledgers.open("org-1") for _ in range(3)))
    assert set(results) == {Standing.OPEN}
    assert await scene.counters() == before
    first, *_ = (await scene.reserve(CALLERS[0])).statuses
    assert first.limit.capacity - first.remaining >= 120_000
    await scene.container.ledger.settle(decision.hold, tokens=0, cost_microusd=0)


async def test_a_cap_that_is_added_while_another_holds_keeps_the_hold(scene: Scene) -> None:
    decision = await scene.reserve(CALLERS[0])
    await scene.store({("organization", None): {"cost_caps": CAPS}})
    await scene.ledgers.open("org-1")
    await scene.store(DOCUMENTS)
    await scene.ledgers.open("org-1")
    status = next(s for s in (await scene.reserve(CALLERS[0])).statuses if s.limit.scope == "app-1")
    assert status.remaining == status.limit.capacity - 120_000
    await scene.container.ledger.settle(decision.hold, tokens=0, cost_microusd=0)
    status = next(s for s in (await scene.reserve(CALLERS[0])).statuses if s.limit.scope == "app-1")
    assert status.remaining == status.limit.capacity - 120_000


@pytest.mark.parametrize(
    "event", [{"repair": "yes"}, {"org_id": "org-none"}, {"org_id": 5}, {"quiet_seconds": -1}]
)
async def test_a_wrong_event_is_refused(scene: Scene, event: dict[str, Any]) -> None:
    with pytest.raises(ControlPlaneError):
        await reconcile(scene, **event)


async def test_a_counter_that_moves_meanwhile_is_not_corrected(scene: Scene) -> None:
    await scene.spend(3)
    books = scene.container.ledger.books
    rules = await scene.container.configuration_repository.all_of("org-1")
    cap = next(limit for limit in caps_in(rules.documents) if limit.name == "cost:org-1:day")
    (read,) = (await books.read("org-1", [cap])).counters
    held = await scene.reserve(CALLERS[0])
    assert await books.correct("org-1", read, {}) is False
    await scene.container.ledger.settle(held.hold, tokens=0, cost_microusd=1)
    assert await books.correct("org-1", read, {}) is False
    (again,) = (await books.read("org-1", [cap])).counters
    assert again.spent == read.spent + 1
    assert await books.correct("org-1", again, read.buckets) is True
    assert (await reconcile(scene))["differences"][0]["limit"] != cap.name
