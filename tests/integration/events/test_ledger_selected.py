"""Caps for models, end users and sessions, weeks, lifetimes and time zones: lost, counted anew,
compared with the audit trail, and reset."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.integration.events.ledger_scene import Documents, Scene

from controlplane.adapters.redis.ledger_keys import limit_key
from controlplane.admin import ledger_keeper
from controlplane.admin.ledger_keeper import Standing, caps_in
from controlplane.domain.changes import Actor, ChangeFilter
from controlplane.domain.limits import OTHERS, UNNAMED, Limit, Per, counter_of
from controlplane.errors import LedgerLost
from controlplane.events import ledger_reconcile, ledger_restore

CAP = {"usd": "5.00", "period": "month"}
DOCUMENTS: Documents = {
    ("organization", None): {
        "cost_caps": [
            {"usd": "9", "period": "week"},
            {"usd": "90", "period": "lifetime"},
            {"usd": "9", "period": "day", "time_zone": "Asia/Kolkata"},
            {"usd": "9", "period": "month", "time_zone": "America/Havana", "models": ["o3"]},
        ]
    },
    ("application", "app-1"): {
        "cost_caps": [
            {**CAP, "models": ["gpt-*"]},
            {**CAP, "per": "end_user"},
            {"usd": "3", "window_seconds": 86_400, "per": "session", "models": ["gpt-*", "o3"]},
        ]
    },
}
END_USERS = ("alice@example.com", "bob", None)
CALLERS = [
    {"application_id": "app-1", "key_id": "k1", "model": model, "session_id": f"s{place % 3}"}
    | ({"end_user": end_user} if end_user else {})
    for place, (model, end_user) in enumerate(
        (model, end_user) for model in ("gpt-4o", "o3", "claude-opus") for end_user in END_USERS
    )
]
ACTOR = Actor("org-1", "user:root", "req-1")


@pytest.fixture
async def selected(scene: Scene) -> Scene:
    await scene.store(DOCUMENTS)
    assert await scene.ledgers.open("org-1") is Standing.OPEN
    return scene


async def reconcile(scene: Scene, **event: Any) -> list[dict[str, Any]]:
    asked = {"type": "ledger-reconcile", "quiet_seconds": 0, **event}
    answer = await ledger_reconcile.run(asked, scene.container)
    assert (answer["busy"], answer["lost"]) == ([], [])
    found: list[dict[str, Any]] = answer["differences"]
    return found


async def restore(scene: Scene) -> None:
    redis = scene.container.redis.redis
    noticed, _, _ = (await redis.hget("ledgers:lost", scene.org_id)).partition(b":")
    await redis.hset("ledgers:lost", scene.org_id, b"%b:0" % noticed)
    answer = await ledger_restore.run({"type": "ledger-restore"}, scene.container)
    assert answer["restored"] == ["org-1"], answer


async def limit_of(scene: Scene, name: str) -> Limit:
    rules = await scene.container.configuration_repository.all_of("org-1")
    (limit,) = (each for each in caps_in(rules.documents) if each.name.startswith(name))
    return limit


def of(end_user: str) -> str:
    return f"cost:app-1:month:end_user:{counter_of('org-1', Per.END_USER, end_user)}"


def spent_in(counters: dict[str, Any]) -> dict[str, int]:
    return {name: sum(buckets.values()) for name, buckets in counters.items()}


@pytest.mark.dates
async def test_after_a_loss_every_counter_is_what_it_was(selected: Scene) -> None:
    spent = await selected.spend_by(CALLERS * 2)
    before = await selected.counters()
    sums = spent_in(before)
    assert {sums["cost:org-1:week"], sums["cost:org-1:lifetime"]} == {spent}
    of_users = [
        sums[of("alice@example.com")],
        sums[of("bob")],
        sums[f"cost:app-1:month:end_user:{UNNAMED}"],
    ]
    assert sum(of_users) == spent
    assert min(of_users) > 0
    assert await reconcile(selected) == []
    await selected.container.redis.redis.flushdb()
    with pytest.raises(LedgerLost):
        await selected.reserve(CALLERS[0], lease=0.01)
    await asyncio.sleep(0.05)
    await restore(selected)
    assert await selected.counters() == before
    assert await reconcile(selected) == []
    await selected.spend_by(CALLERS)
    assert await reconcile(selected) == []


async def test_one_counter_of_many_that_vanished_is_missed_and_counted_anew(
    selected: Scene,
) -> None:
    await selected.spend_by(CALLERS)
    before = await selected.counters()
    limit = await limit_of(selected, "cost:app-1:month:end_user")
    alice = replace(limit, counter=counter_of("org-1", Per.END_USER, "alice@example.com"))
    await selected.container.redis.redis.delete(limit_key("org-1", alice))
    with pytest.raises(LedgerLost):
        await selected.reserve(CALLERS[0], lease=0.01)
    assert (await selected.reserve(CALLERS[1])).refused_by is None
    await asyncio.sleep(0.05)
    await restore(selected)
    assert await selected.counters() == before


async def test_a_difference_of_one_end_user_is_told_and_repaired(selected: Scene) -> None:
    await selected.spend_by(CALLERS)
    right = await selected.counters()
    stray = await selected.reserve({**CALLERS[0], "end_user": "carol"})
    await selected.container.ledger.settle(stray.hold, tokens=0, cost_microusd=4_321)
    told = await reconcile(selected, repair=True)
    assert "cost:app-1:month:end_user" in {row["limit"] for row in told}
    assert {row["ledger_microusd"] - row["recorded_microusd"] for row in told} == {4_321}
    assert all(row["repaired"] for row in told)
    repaired = await selected.counters()
    assert repaired.pop(of("carol")) == {}
    assert repaired == right
    assert await reconcile(selected) == []


async def test_those_who_spent_least_share_a_counter_where_there_are_too_many(
    selected: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_keeper, "MOST_COUNTERS", 3)
    users = [{**CALLERS[0], "end_user": f"user-{i}"} for i in range(6)]
    spent = await selected.spend_by(users)
    await selected.container.redis.redis.flushdb()
    with pytest.raises(LedgerLost):
        await selected.reserve(CALLERS[0], lease=0.01)
    await asyncio.sleep(0.05)
    await restore(selected)
    sums = {
        name: total
        for name, total in spent_in(await selected.counters()).items()
        if name.startswith("cost:app-1:month:end_user")
    }
    assert len(sums) == 3
    assert sum(sums.values()) == spent
    assert sums[f"cost:app-1:month:end_user:{OTHERS}"] > 0
    assert await reconcile(selected) == []


async def test_a_reset_counts_anew_from_that_moment_also_after_a_loss(selected: Scene) -> None:
    await selected.spend_by(CALLERS)
    before = spent_in(await selected.counters())
    running = await selected.reserve(CALLERS[0])
    week = await limit_of(selected, "cost:org-1:week")
    users = await limit_of(selected, "cost:app-1:month:end_user")
    alice = replace(users, counter=counter_of("org-1", Per.END_USER, "alice@example.com"))
    await selected.ledgers.reset(ACTOR, week)
    await selected.ledgers.reset(ACTOR, alice)
    # What was admitted before counts no more, whenever it ends.
    await selected.container.ledger.settle(running.hold, tokens=0, cost_microusd=1_000)
    await selected.container.audit_queue.append(selected.event(running, CALLERS[0], 1_000))
    await selected.drain()
    after = spent_in(await selected.counters())
    assert (after["cost:org-1:week"], after[of("alice@example.com")]) == (0, 0)
    assert after["cost:org-1:lifetime"] == before["cost:org-1:lifetime"] + 1_000
    assert after[of("bob")] == before[of("bob")]
    assert await reconcile(selected) == []

    new = await selected.spend_by(CALLERS)
    counters = await selected.counters()
    assert spent_in(counters)["cost:org-1:week"] == new
    assert await reconcile(selected) == []
    await selected.container.redis.redis.flushdb()
    with pytest.raises(LedgerLost):
        await selected.reserve(CALLERS[0], lease=0.01)
    await asyncio.sleep(0.05)
    await restore(selected)
    assert {
        name: total for name, total in spent_in(await selected.counters()).items() if total
    } == {name: total for name, total in spent_in(counters).items() if total}
    assert await reconcile(selected) == []


async def test_a_reset_of_all_end_users_and_its_trace(selected: Scene) -> None:
    await selected.spend_by(CALLERS)
    before = spent_in(await selected.counters())
    users = await limit_of(selected, "cost:app-1:month:end_user")
    rolling = await limit_of(selected, "cost:app-1:86400s")
    at = await selected.ledgers.reset(ACTOR, users)
    await selected.ledgers.reset(ACTOR, rolling)
    after = spent_in(await selected.counters())
    kept = {name: total for name, total in after.items() if total}
    assert kept == {
        name: total
        for name, total in before.items()
        if total and not name.startswith(("cost:app-1:month:end_user", "cost:app-1:86400s"))
    }
    assert await reconcile(selected) == []
    changes, _ = await selected.container.change_log.page(
        "org-1", ChangeFilter(resource="budget", resource_id=users.name), limit=5
    )
    (change,) = changes
    assert (change["action"], change["actor"], change["request_id"]) == (
        "reset",
        "user:root",
        "req-1",
    )
    assert change["after"] == {"counter": "", "reset_at": at.isoformat()}
    total = sum(total for name, total in before.items() if ":end_user:" in name)
    assert change["before"] == {"spent_usd": f"{total / 1_000_000:.6f}"}
