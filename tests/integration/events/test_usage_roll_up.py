"""`usage-roll-up`: days from before the sums are taken up, in as many runs as it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, batch

from controlplane.adapters.postgres.tables import USAGE_ATTRIBUTED_DAILY, USAGE_UNATTRIBUTED_DAYS
from controlplane.audit.consume import consume
from controlplane.config import Settings
from controlplane.domain.questions import UsageQuery
from controlplane.errors import ControlPlaneError
from controlplane.events import usage_roll_up
from controlplane.wiring import Container

EVENT: dict[str, Any] = {"type": "usage-roll-up"}
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
BY_SESSION = UsageQuery(date(2026, 11, 1), date(2026, 11, 30), ("session", "day"))


@pytest.fixture
async def upgraded(settings: Settings, fresh_url: str) -> AsyncIterator[Container]:
    """Records of three days and two organisations, and no sum of them."""
    container = Container(replace(settings, database_url=fresh_url))
    events = [
        audit_event(org_id=org_id, occurred_at=NOON + timedelta(days=number))
        for org_id in ("org-1", "org-2")
        for number in range(3)
    ]
    assert await consume(batch(*events), container) == NO_FAILURE
    async with container.database.system() as connection:
        await connection.execute(delete(USAGE_ATTRIBUTED_DAILY))
        days = [{"org_id": e.org_id, "day": e.occurred_at.date()} for e in events]
        await connection.execute(insert(USAGE_UNATTRIBUTED_DAYS), days)
    yield container
    await container.database.close()
    await container.redis.close()


async def _sums(container: Container) -> list[Any]:
    query = select(USAGE_ATTRIBUTED_DAILY).order_by(*USAGE_ATTRIBUTED_DAILY.primary_key)
    async with container.database.system() as connection:
        return list(await connection.execute(query))


async def test_all_of_it_once(upgraded: Container) -> None:
    before = await upgraded.usage.sums("org-1", BY_SESSION)
    assert [row["requests"] for row in before] == [1, 1, 1]
    assert await usage_roll_up.run(EVENT, upgraded) == {"ok": True, **EVENT, "days": 6, "left": 0}
    sums = await _sums(upgraded)
    assert len(sums) == 6 * 2 * (3 + 2)
    assert await upgraded.usage.sums("org-1", BY_SESSION) == before
    assert await usage_roll_up.run(EVENT, upgraded) == {"ok": True, **EVENT, "days": 0, "left": 0}
    assert await _sums(upgraded) == sums


async def test_what_no_time_is_left_for_is_left(
    upgraded: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 0.0, 0.5, 1.0])
    monkeypatch.setattr(usage_roll_up, "monotonic", lambda: next(moments))
    ran = await usage_roll_up.run({**EVENT, "seconds": 1}, upgraded)
    assert ran == {"ok": True, **EVENT, "days": 2, "left": 4}
    # The newest first.
    assert {row.day for row in await _sums(upgraded)} == {(NOON + timedelta(days=2)).date()}


async def test_days_from_one_on_are_summed_up_anew(upgraded: Container) -> None:
    await usage_roll_up.run(EVENT, upgraded)
    sums = await _sums(upgraded)
    async with upgraded.database.system() as connection:
        await connection.execute(delete(USAGE_ATTRIBUTED_DAILY))
    since = (NOON + timedelta(days=1)).date()
    ran = await usage_roll_up.run({**EVENT, "from": since.isoformat()}, upgraded)
    assert (ran["days"], ran["left"]) == (4, 0)
    assert await _sums(upgraded) == [row for row in sums if row.day >= since]


@pytest.mark.parametrize("first", ["soon", "2026-11-31", 20261101, None])
async def test_a_first_day_that_is_none(settings: Settings, first: Any) -> None:
    with pytest.raises(ControlPlaneError, match="'from' must be a day"):
        await usage_roll_up.run({**EVENT, "from": first}, Container(settings))


@pytest.mark.parametrize("seconds", [0, -1, True, "10", 1.5, 86_401])
async def test_seconds_that_are_none(settings: Settings, seconds: Any) -> None:
    with pytest.raises(ControlPlaneError, match="'seconds' must be a whole number"):
        await usage_roll_up.run({**EVENT, "seconds": seconds}, Container(settings))
