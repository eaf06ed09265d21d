"""Usage by session, agent, end user and tag: the kept sums say what the records say."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest
from sqlalchemy import delete, insert
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, Stores, batch

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.postgres.tables import USAGE_ATTRIBUTED_DAILY, USAGE_UNATTRIBUTED_DAYS
from controlplane.adapters.postgres.usage.of_requests import usage_of_requests
from controlplane.adapters.postgres.usage.repository import UsageRepository
from controlplane.adapters.postgres.usage.roll_up import UsageRollUp
from controlplane.audit.consume import consume
from controlplane.domain.audit import AuditEvent
from controlplane.domain.questions import ATTRIBUTIONS, USAGE_GROUPS, USAGE_SUMS, UsageQuery

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 10, 25), date(2026, 11, 10)
# Beside the kind itself: a name that a request does not have, and no name, are asked for, too.
BESIDE: tuple[tuple[str, ...], ...] = ((), ("day",), ("application",), ("model", "day"))
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"application_id": "app-1"},
    {"model": "gpt-4o"},
    {"provider": "azure", "application_id": "app-2"},
    {"first": date(2026, 11, 2), "last": date(2026, 11, 2)},
    {"top": 2},
)
ONE: tuple[dict[str, Any], ...] = ({"session_id": "s-1"}, {"tag": "t-1"}, {"tag": "t-none"})
ATTEMPTS = audit_event().attempts


def _queries() -> list[UsageQuery]:
    """All that the sums say, without the user."""
    grouped = [
        UsageQuery(FIRST, LAST, (kind, *beside)) for kind, beside in product(ATTRIBUTIONS, BESIDE)
    ]
    of_one = [
        replace(UsageQuery(FIRST, LAST, beside), **one) for one, beside in product(ONE, BESIDE)
    ]
    return [replace(query, **filters) for query in grouped + of_one for filters in FILTERS]


def _events(org_id: str, number: int, seed: int) -> list[AuditEvent]:
    """Of three days in several time zones: refused, failed, given again, admitted the day before,
    without a price, a model, or any word of what they belong to."""
    rng = random.Random(seed)
    made = []
    for _ in range(number):
        model = rng.choice([None, "gpt-4o", "gpt-4o-mini"])
        zone = timezone(timedelta(hours=rng.choice([-11, 0, 9])))
        occurred_at = (NOON - timedelta(minutes=rng.randrange(72 * 60))).astimezone(zone)
        early = timedelta(hours=rng.choice([0, 13]))
        made.append(
            audit_event(
                org_id=org_id,
                occurred_at=occurred_at,
                admitted_at=rng.choice([None, occurred_at - early]),
                application_id=rng.choice([None, "app-1", "app-2"]),
                subject=rng.choice(["key:k1", "user:u1"]),
                session_id=rng.choice([None, "s-1", "s-2", "s-3"]),
                agent_id=rng.choice([None, "a-1"]),
                end_user=rng.choice([None, "ana", "Jürgen 🦊"]),
                tags=tuple(rng.sample(["t-1", "t-2", "nächtlich"], rng.randrange(4))),
                model_served=model,
                attempts=() if model is None and rng.random() < 0.5 else ATTEMPTS,
                provider=model and rng.choice(["openai", "azure"]),
                status=rng.choice([200, 200, 400, 429, 500, 503]),
                tokens_input=rng.randrange(10_000),
                cost_microusd=rng.choice([None, rng.randrange(1_000_000)]),
                replayed=rng.random() < 0.2,
            )
        )
    return made


async def _assert_sums_are_those_of_records(database: Database, org_id: str) -> None:
    usage = UsageRepository(database)
    for query in _queries():
        assert query.attribution is not None
        kept = await usage.sums(org_id, query)
        async with database.tenant(org_id) as connection:
            found = (await connection.execute(usage_of_requests(org_id, query))).mappings().all()
        of_records = [
            {name: row[name] if name in USAGE_GROUPS else int(row[name]) for name in row}
            for row in found
        ]
        assert sorted(kept, key=repr) == sorted(of_records, key=repr), query


async def _requests(database: Database, org_id: str, **query: Any) -> dict[str | None, int]:
    wanted = UsageQuery(FIRST, LAST, **query)
    rows = await UsageRepository(database).sums(org_id, wanted)
    return {row.get(wanted.group_by[0]): row["requests"] for row in rows}


async def test_sums_are_those_of_the_records_however_often_delivered(
    stores: Stores, database: Database, postgres_url: str, org_id: str
) -> None:
    events = _events(org_id, 200, seed=1)
    other = Database(postgres_url, long_lived=True)
    consumers = [stores, replace(stores, request_logs=RequestLogRepository(other))]
    rng = random.Random(2)
    for size in (30, 200, 200):
        batches = [batch(*rng.sample(events, size)) for _ in consumers]
        for answer in await asyncio.gather(*map(consume, batches, consumers)):
            assert answer == NO_FAILURE
    await other.close()
    await _assert_sums_are_those_of_records(database, org_id)
    by_session = await _requests(database, org_id, group_by=("session",))
    assert set(by_session) == {None, "s-1", "s-2", "s-3"}
    assert sum(by_session.values()) == 200


async def test_what_the_sums_do_not_say_is_read_from_the_records(
    stores: Stores, database: Database, org_id: str
) -> None:
    said = {"session_id": "s", "end_user": None, "agent_id": None}
    event = audit_event(org_id=org_id, occurred_at=NOON, tags=("t", "u"), **said)
    assert await consume(batch(event), stores) == NO_FAILURE
    for query, group in (
        (UsageQuery(FIRST, LAST, ("user", "session")), ["key:k1", "s"]),
        (UsageQuery(FIRST, LAST, ("session", "agent")), ["s", None]),
        (UsageQuery(FIRST, LAST, ("end_user",), tag="t"), [None]),
        (UsageQuery(FIRST, LAST, ("day",), tag="t", session_id="s"), [NOON.date()]),
    ):
        assert query.attribution is None
        (row,) = await UsageRepository(database).sums(org_id, query)
        assert [row[name] for name in query.group_by] == group
        assert row["requests"] == 1
    assert await _requests(database, org_id, group_by=("tag",), tag="t") == {"t": 1, "u": 1}


async def test_days_from_before_are_read_from_records_until_they_are_summed_up(
    stores: Stores, database: Database, org_id: str
) -> None:
    assert await consume(batch(*_events(org_id, 60, seed=3)), stores) == NO_FAILURE
    sums, days = USAGE_ATTRIBUTED_DAILY, USAGE_UNATTRIBUTED_DAYS
    before = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days)]
    async with database.system() as connection:
        await connection.execute(delete(sums).where(sums.c.org_id == org_id))
        await connection.execute(insert(days), [{"org_id": org_id, "day": day} for day in before])
    # The next version's consumer adds to a day that it knows the end of only.
    assert await consume(batch(*_events(org_id, 20, seed=4)), stores) == NO_FAILURE
    await _assert_sums_are_those_of_records(database, org_id)
    roll_up = UsageRollUp(database)
    for of_org, day in await roll_up.days():
        if of_org == org_id:
            await roll_up.sum_up(org_id, day, day)
    assert org_id not in {of_org for of_org, _ in await roll_up.days()}
    await _assert_sums_are_those_of_records(database, org_id)
    assert sum((await _requests(database, org_id, group_by=("agent",))).values()) == 80


async def test_consumers_go_on_while_days_are_summed_up(
    stores: Stores, database: Database, postgres_url: str, org_id: str
) -> None:
    other = Database(postgres_url, long_lived=True)
    consumer = replace(stores, request_logs=RequestLogRepository(other))

    async def sum_up() -> None:
        for _ in range(6):
            await UsageRollUp(database).sum_up(org_id, FIRST, LAST)

    batches = [batch(*_events(org_id, 10, seed)) for seed in range(10, 22)]
    _, *answers = await asyncio.gather(sum_up(), *(consume(each, consumer) for each in batches))
    assert answers == [NO_FAILURE] * len(batches)
    await other.close()
    await _assert_sums_are_those_of_records(database, org_id)
    assert sum((await _requests(database, org_id, group_by=("end_user",))).values()) == 120


@pytest.mark.parametrize("kind", ATTRIBUTIONS)
async def test_every_request_has_a_row_of_every_kind(
    stores: Stores, database: Database, org_id: str, kind: str
) -> None:
    silent = dict.fromkeys(("session_id", "agent_id", "end_user"))
    event = audit_event(org_id=org_id, occurred_at=NOON, tags=(), **silent)
    assert await consume(batch(event), stores) == NO_FAILURE
    (row,) = await UsageRepository(database).sums(org_id, UsageQuery(FIRST, LAST, (kind,)))
    assert row[kind] is None
    assert set(row) == {kind, *USAGE_SUMS}


async def test_a_name_of_any_length_is_summed_up(
    stores: Stores, database: Database, org_id: str
) -> None:
    long = "".join(chr(0x1F600 + i % 60) for i in range(600))
    texts = {"application_id": long, "model_served": long, "end_user": long}
    events = [audit_event(org_id=org_id, occurred_at=NOON, **texts) for _ in range(2)]
    assert await consume(batch(*events), stores) == NO_FAILURE
    found = await _requests(database, org_id, group_by=("end_user", "model"))
    assert found == {long[:150]: 2}
