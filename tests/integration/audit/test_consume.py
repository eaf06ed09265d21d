"""A batch of audit messages: once in PostgreSQL, once in S3, however often it is delivered."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, NotedDeliveries, Stores, batch, failures
from tests.integration.postgres.freezable import freezable

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.s3 import ObjectStore
from controlplane.audit.consume import consume
from controlplane.config import Settings
from controlplane.domain.audit import AuditEvent
from controlplane.domain.storable import storable
from controlplane.wiring import Container

SECRET = "sk-not-for-the-log"


async def _records(stores: Stores, org_id: str) -> list[dict[str, Any]]:
    rows, _ = await stores.request_logs.page(org_id, limit=100)
    return rows


@pytest.mark.dates
async def test_row_and_object_hold_the_same(stores: Stores, org_id: str) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    events = [
        audit_event(org_id=org_id),
        audit_event(org_id=org_id),
        audit_event(org_id=org_id, occurred_at=yesterday),
    ]
    assert await consume(batch(*events), stores) == NO_FAILURE
    objects = stores.lines()
    assert sorted(len(lines) for lines in objects.values()) == [1, 2]
    for event in events:
        record = await stores.request_logs.get(org_id, event.request_id)
        assert record is not None
        key = record.pop("archive_key")
        assert key.startswith(f"audit/org={org_id}/dt={event.occurred_at:%Y-%m-%d}/")
        said = json.loads(event.to_json())
        assert said in objects[key]
        assert said == record


async def test_delivered_again_changes_nothing_anywhere(stores: Stores, org_id: str) -> None:
    event = batch(*(audit_event(org_id=org_id) for _ in range(10)))
    assert await consume(event, stores) == NO_FAILURE
    rows, objects = await _records(stores, org_id), stores.versions()
    assert len(rows) == 10
    for _ in range(2):
        assert await consume(event, stores) == NO_FAILURE
    assert await _records(stores, org_id) == rows
    assert stores.versions() == objects


async def test_in_another_batch_only_the_new_ones_are_archived(stores: Stores, org_id: str) -> None:
    first, second, third = (audit_event(org_id=org_id) for _ in range(3))
    await consume(batch(first, second), stores)
    assert await consume(batch(second, third), stores) == NO_FAILURE
    archived = [line["request_id"] for lines in stores.lines().values() for line in lines]
    assert sorted(archived) == sorted(e.request_id for e in (first, second, third))


async def test_twice_in_one_batch_is_one_record(stores: Stores, org_id: str) -> None:
    event = audit_event(org_id=org_id)
    assert await consume(batch(event, event, event), stores) == NO_FAILURE
    assert len(await _records(stores, org_id)) == 1
    assert [len(lines) for lines in stores.lines().values()] == [1]


async def test_two_consumers_with_the_same_batch(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    database = Database(postgres_url)
    other = replace(stores, request_logs=RequestLogRepository(database))
    event = batch(*(audit_event(org_id=org_id) for _ in range(5)))
    reverse = {"Records": event["Records"][::-1]}
    for answer in await asyncio.gather(consume(event, stores), consume(reverse, other)):
        assert answer == NO_FAILURE
    await database.close()
    assert len(await _records(stores, org_id)) == 5
    assert len(stores.versions()) == 1


HOSTILE: dict[str, dict[str, Any]] = {
    "U+0000 in a text": {"model_requested": f"{SECRET}\x00"},
    "U+0000 in JSON": {"screening": {f"{SECRET}\x00": 1}},
    "half a surrogate pair in a text": {"end_user": f"{SECRET}\ud83e"},
    "half a surrogate pair in JSON": {"screening": {f"{SECRET}\ud83e": 1}},
    "a number beyond 64 bits": {"tokens_input": 2**63},
    "a status that is a text": {"status": SECRET},
    "a status that is an object": {"status": {SECRET: 1}},
    "a status that is a list": {"status": [SECRET]},
    "a flag that is a text": {"stream": SECRET},
    "no subject": {"subject": None},
    "not a number in JSON": {"screening": {SECRET: float("nan")}},
    "a code of three megabytes": {"code": SECRET * 150_000},
    # Random: what compresses well fits into an index all the same.
    "a request id too long for an index": {
        "request_id": "".join(uuid.uuid4().hex for _ in range(500))
    },
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_what_postgresql_would_refuse_is_stored_as_far_as_it_can(
    kind: str, stores: Stores, org_id: str
) -> None:
    good = [audit_event(org_id=org_id) for _ in range(2)]
    hostile = audit_event(org_id=org_id, **HOSTILE[kind])
    line = json.dumps(hostile.to_dict())
    assert await consume(batch(good[0], line, good[1], line), stores) == NO_FAILURE
    assert isinstance(stores.deliveries, NotedDeliveries)
    assert stores.deliveries.set_aside_ == []
    stored = {row["request_id"] for row in await _records(stores, org_id)}
    assert stored == {e.request_id for e in (*good, storable(hostile))}
    assert [len(lines) for lines in stores.lines().values()] == [3]


async def test_what_is_no_event_hinders_no_other(
    stores: Stores,
    org_id: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    good = [audit_event(org_id=org_id) for _ in range(2)]
    poison = good[0].to_json().replace(org_id, f"{SECRET} ?")
    assert await consume(batch(good[0], poison, "{", good[1], poison), stores) == NO_FAILURE
    assert isinstance(stores.deliveries, NotedDeliveries)
    assert sorted(stores.deliveries.set_aside_) == ["m1", "m2", "m4"]
    assert stores.deliveries.postponed == []
    stored = {row["request_id"] for row in await _records(stores, org_id)}
    assert stored == {e.request_id for e in good}
    written = caplog.text + "".join(capfd.readouterr())
    assert "audit_message_refused" in written
    assert SECRET not in written


async def test_what_postgresql_refuses_all_the_same_hinders_no_other(
    stores: Stores, org_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second line of defence: as if nothing had been made storable."""
    monkeypatch.setattr("controlplane.audit.consume.storable", lambda event: event)
    good = [audit_event(org_id=org_id) for _ in range(2)]
    poison = audit_event(org_id=org_id, model_requested="nul\x00")
    assert await consume(batch(good[0], poison, good[1]), stores) == NO_FAILURE
    assert isinstance(stores.deliveries, NotedDeliveries)
    assert stores.deliveries.set_aside_ == ["m1"]
    assert [len(lines) for lines in stores.lines().values()] == [2]


async def test_only_poison_stores_nothing(stores: Stores) -> None:
    assert await consume(batch("{}", "[]"), stores) == NO_FAILURE
    assert stores.versions() == []


@pytest.mark.dates
async def test_an_event_of_another_year_is_kept(stores: Stores, org_id: str) -> None:
    years = (1, 1999, 9999)
    events = [
        audit_event(org_id=org_id, occurred_at=datetime(year, 6, 1, tzinfo=UTC)) for year in years
    ]
    assert await consume(batch(*events), stores) == NO_FAILURE
    assert len(await _records(stores, org_id)) == 3


@pytest.mark.dates
async def test_the_first_event_of_a_month_makes_its_partition(
    stores: Stores, postgres_url: str, org_id: str
) -> None:
    months_ahead = datetime.now(UTC).replace(day=1) + timedelta(days=31 * 9)
    event = audit_event(org_id=org_id, occurred_at=months_ahead)
    query = f"SELECT to_regclass('request_logs_{months_ahead:%Y_%m}') IS NOT NULL"
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(query).fetchone() == (False,)
        connection.rollback()
        assert await consume(batch(event), stores) == NO_FAILURE
        assert connection.execute(query).fetchone() == (True,)


async def test_postgresql_is_down(stores: Stores, org_id: str, unused_tcp_port: int) -> None:
    nowhere = Database(f"postgresql://127.0.0.1:{unused_tcp_port}/db")
    down = replace(stores, request_logs=RequestLogRepository(nowhere))
    event = batch(audit_event(org_id=org_id), "{", audit_event(org_id=org_id))
    assert await consume(event, down) == failures(0, 2)
    assert stores.versions() == []
    assert isinstance(stores.deliveries, NotedDeliveries)
    assert stores.deliveries.postponed == ["m0", "m2"]
    assert stores.deliveries.set_aside_ == ["m1"], "what is poison is so without a database"


async def test_s3_is_down_and_comes_back(
    stores: Stores, settings: Settings, org_id: str, unused_tcp_port: int
) -> None:
    nowhere = replace(settings, aws_endpoint_url=f"http://127.0.0.1:{unused_tcp_port}")
    store = Container(nowhere).object_store
    event = batch(audit_event(org_id=org_id), audit_event(org_id=org_id))
    assert await consume(event, replace(stores, object_store=store)) == failures(0, 1)
    assert await _records(stores, org_id) == []
    assert await consume(event, stores) == NO_FAILURE
    assert len(await _records(stores, org_id)) == 2
    assert [len(lines) for lines in stores.lines().values()] == [2]


async def test_a_bucket_that_is_not_there(stores: Stores, settings: Settings, org_id: str) -> None:
    store = Container(replace(settings, audit_bucket="no-such-bucket")).object_store
    event = batch(audit_event(org_id=org_id))
    assert await consume(event, replace(stores, object_store=store)) == failures(0)
    assert await _records(stores, org_id) == []


class Troubled(ObjectStore):
    """Writes the object, and then something happens to the way to PostgreSQL."""

    def __init__(self, store: ObjectStore, trouble: Callable[[], None]) -> None:
        self._store = store
        self._trouble = trouble

    async def put(self, *args: Any, **kwargs: Any) -> None:
        await self._store.put(*args, **kwargs)
        self._trouble()


@pytest.mark.parametrize("trouble", ["cut", "freeze"])
async def test_lost_between_s3_and_the_commit(
    trouble: str,
    stores: Stores,
    postgres_url: str,
    org_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Frozen, nobody knows whether the commit arrives: here it does, once the host has thawed."""
    where = "controlplane.adapters.postgres.request_logs.repository.WRITE_DEADLINE_SECONDS"
    monkeypatch.setattr(where, 2.0)
    event = batch(*(audit_event(org_id=org_id) for _ in range(3)))
    async with freezable(postgres_url) as proxy:
        database = Database(proxy.url)
        store = Troubled(stores.object_store, getattr(proxy, trouble))
        cooling_down = replace(
            stores, request_logs=RequestLogRepository(database), object_store=store
        )
        assert await consume(event, cooling_down) == failures(0, 1, 2)
        assert len(stores.lines()) == 1, "the object was written"
        assert await _records(stores, org_id) == []
        proxy.thaw()
        await database.close()
        monkeypatch.undo()
        assert await consume(event, stores) == NO_FAILURE
    assert len(await _records(stores, org_id)) == 3
    assert [len(lines) for lines in stores.lines().values()] == [3], "the same object"


async def test_a_large_batch(stores: Stores, org_id: str) -> None:
    events: Sequence[AuditEvent] = [audit_event(org_id=org_id) for _ in range(2_000)]
    assert await consume(batch(*events), stores) == NO_FAILURE
    assert [len(lines) for lines in stores.lines().values()] == [2_000]
