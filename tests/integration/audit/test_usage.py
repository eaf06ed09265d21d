"""What the consumer adds up: the same as the records say, however often they are delivered."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, Stores, batch, failures

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.s3 import ObjectStore
from controlplane.audit.consume import consume
from controlplane.domain.audit import AuditEvent
from controlplane.errors import Unreachable

SUMS = (
    "requests, refused, failed, tokens_input, tokens_output, tokens_cached, tokens_reasoning, "
    "cost_microusd, latency_ms"
)
KEPT = (
    "SELECT day, application_id, subject, provider, model, "
    f"{SUMS} FROM usage_daily WHERE org_id = %s ORDER BY 1, 2, 3, 4, 5"
)
# The definition, in words of its own: what was given again costs nothing.
WANTED = """
SELECT (coalesce(admitted_at, occurred_at) AT TIME ZONE 'UTC')::date AS day,
       coalesce(application_id, ''), subject, coalesce(provider, ''),
       CASE WHEN model_served <> '' THEN model_served
            WHEN attempts <> '[]' OR status = 429 OR status >= 500
                THEN coalesce(model_requested, '')
            ELSE '' END, count(*),
       count(*) FILTER (WHERE status BETWEEN 400 AND 499), count(*) FILTER (WHERE status >= 500),
       coalesce(sum(tokens_input) FILTER (WHERE NOT replayed), 0)::bigint,
       coalesce(sum(tokens_output) FILTER (WHERE NOT replayed), 0)::bigint,
       coalesce(sum(tokens_cached) FILTER (WHERE NOT replayed), 0)::bigint,
       coalesce(sum(tokens_reasoning) FILTER (WHERE NOT replayed), 0)::bigint,
       coalesce(sum(cost_microusd) FILTER (WHERE NOT replayed), 0)::bigint,
       sum(latency_ms)::bigint
FROM request_logs WHERE org_id = %s GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""


ATTEMPTS = audit_event().attempts


def _rows(url: str, query: str, org_id: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        return connection.execute(query.encode(), [org_id]).fetchall()


def _assert_sums_match(url: str, org_id: str) -> list[Any]:
    kept = _rows(url, KEPT, org_id)
    assert kept == _rows(url, WANTED, org_id)
    return kept


def _events(org_id: str, number: int, seed: int) -> list[AuditEvent]:
    """Events of several days, callers and models, some refused, failed, or given again."""
    rng = random.Random(seed)
    noon = datetime.now(UTC).replace(hour=12)
    made = []
    for _ in range(number):
        model = rng.choice([None, "gpt-4o", "gpt-4o-mini"])
        occurred_at = noon - timedelta(hours=rng.randrange(72))
        made.append(
            audit_event(
                org_id=org_id,
                occurred_at=occurred_at,
                admitted_at=rng.choice([None, occurred_at - timedelta(hours=13)]),
                application_id=rng.choice([None, "app-1", "app-2"]),
                subject=rng.choice(["key:k1", "key:k2", "user:u1"]),
                model_served=model,
                attempts=() if model is None and rng.random() < 0.5 else ATTEMPTS,
                provider=model and rng.choice(["openai", "azure"]),
                status=rng.choice([200, 200, 400, 429, 500, 503]),
                tokens_input=rng.randrange(10_000),
                tokens_output=rng.randrange(1_000),
                cost_microusd=rng.choice([None, rng.randrange(1_000_000)]),
                replayed=rng.random() < 0.2,
            )
        )
    return made


@pytest.mark.dates
async def test_sums_are_those_of_the_records(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    for seed in range(3):
        events = _events(org_id, 60, seed)
        assert await consume(batch(*events), stores) == NO_FAILURE
    kept = _assert_sums_match(postgres_url, org_id)
    assert sum(row[5] for row in kept) == 180
    assert len(kept) > 20


async def test_delivered_three_times_by_two_consumers(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    events = _events(org_id, 40, seed=1)
    database = Database(postgres_url, long_lived=True)
    consumers = [stores, replace(stores, request_logs=RequestLogRepository(database))]
    rng = random.Random(2)
    for _ in range(3):
        batches = [batch(*rng.sample(events, len(events))) for _ in consumers]
        for answer in await asyncio.gather(*map(consume, batches, consumers)):
            assert answer == NO_FAILURE
    await database.close()
    kept = _assert_sums_match(postgres_url, org_id)
    assert sum(row[5] for row in kept) == 40


async def test_many_consumers_add_to_the_same_rows(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    """Different events of the same days and callers, in every order: nobody waits in a circle."""
    database = Database(postgres_url, long_lived=True)
    consumer = replace(stores, request_logs=RequestLogRepository(database))
    batches = [batch(*_events(org_id, 25, seed)) for seed in range(12)]
    for answer in await asyncio.gather(*(consume(each, consumer) for each in batches)):
        assert answer == NO_FAILURE
    await database.close()
    kept = _assert_sums_match(postgres_url, org_id)
    assert sum(row[5] for row in kept) == 300


@pytest.mark.dates
async def test_in_another_batch_only_the_new_ones_are_added(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    events = _events(org_id, 30, seed=3)
    for chosen in (events[:20], events[10:], events):
        assert await consume(batch(*chosen), stores) == NO_FAILURE
    kept = _assert_sums_match(postgres_url, org_id)
    assert sum(row[5] for row in kept) == 30


async def test_rows_are_locked_in_one_order_whatever_that_of_the_events(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    """Somebody holds the first row: a consumer that waits for it must not hold the second one."""
    rows = {name: {"org_id": org_id, "application_id": name} for name in ("app-a", "app-b")}
    assert (
        await consume(batch(*(audit_event(**row) for row in rows.values())), stores) == NO_FAILURE
    )
    later = batch(
        audit_event(request_id="1", **rows["app-b"]), audit_event(request_id="2", **rows["app-a"])
    )
    lock = "SELECT FROM usage_daily WHERE org_id = %s AND application_id = %s FOR UPDATE NOWAIT"
    with psycopg.connect(postgres_url) as other:
        other.execute("SET ROLE llm_cp_system")
        other.execute(lock.encode(), [org_id, "app-a"])
        waiting = asyncio.create_task(consume(later, stores))
        await _until_somebody_waits(postgres_url)
        other.execute(lock.encode(), [org_id, "app-b"])
    assert await waiting == NO_FAILURE
    _assert_sums_match(postgres_url, org_id)


async def _until_somebody_waits(url: str) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(200):
            if connection.execute(query.encode()).fetchone() != (0,):
                return
            await asyncio.sleep(0.05)
    raise AssertionError("nobody waits for the row")


@pytest.mark.dates
async def test_the_day_is_that_of_admission(stores: Stores, postgres_url: str, org_id: str) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    late = audit_event(
        org_id=org_id,
        occurred_at=midnight + timedelta(seconds=1),
        admitted_at=midnight - timedelta(seconds=1),
    )
    await consume(batch(late), stores)
    assert [row[0] for row in _rows(postgres_url, KEPT, org_id)] == [
        (midnight - timedelta(days=1)).date()
    ]


async def test_a_number_that_cannot_be_is_none(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    bad = [
        audit_event(org_id=org_id, cost_microusd=2**62),
        audit_event(org_id=org_id, tokens_output=-1),
        audit_event(org_id=org_id, latency_ms=True),
        audit_event(org_id=org_id, status="not a status"),
    ]
    good = audit_event(org_id=org_id)
    assert await consume(batch(*bad, good), stores) == NO_FAILURE
    (costless, *_, of_good) = [
        await stores.request_logs.get(org_id, each.request_id) for each in (*bad, good)
    ]
    assert costless is not None
    assert costless["cost_microusd"] is None
    assert of_good is not None
    assert of_good["cost_microusd"] == good.cost_microusd
    kept = _assert_sums_match(postgres_url, org_id)
    assert sum(row[5] for row in kept) == 5


async def test_names_of_any_length_are_summed_up(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    """A caller may send any model name; an entry of an index has room for 2.7 KB."""
    long = "".join(chr(0x1F600 + i % 60) for i in range(600))
    fields = {"application_id": long, "subject": f"user:{long}", "model_served": long}
    events = [audit_event(org_id=org_id, **fields) for _ in range(3)]
    assert await consume(batch(*events), stores) == NO_FAILURE
    (row,) = _rows(postgres_url, KEPT, org_id)
    assert (row[1], row[4], row[5]) == (long[:150], long[:150], 3)


class Down(ObjectStore):
    """Nothing can be written."""

    def __init__(self) -> None:
        pass

    async def put(self, *_: Any, **__: Any) -> None:
        raise Unreachable("s3")


async def test_nothing_is_added_where_s3_is_down(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    down = replace(stores, object_store=Down())
    event = batch(audit_event(org_id=org_id))
    assert await consume(event, down) == failures(0)
    assert _rows(postgres_url, KEPT, org_id) == []


async def test_names_that_led_nowhere_make_no_rows(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    made = [
        audit_event(
            org_id=org_id,
            model_requested=f"made-up-{number}",
            model_served=None,
            provider=None,
            attempts=(),
            status=404,
        )
        for number in range(20)
    ]
    assert await consume(batch(*made), stores) == NO_FAILURE
    (row,) = _rows(postgres_url, KEPT, org_id)
    assert row[4:7] == ("", 20, 20)
