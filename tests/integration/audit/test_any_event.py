"""Whatever is said in an event, the consumer stores it, and its neighbours."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as searching
from hypothesis import strategies as st
from tests.any_events import any_event
from tests.audit_events import audit_event
from tests.integration.audit.stores import NotedDeliveries, Stores, batch
from tests.soak import few_or_many

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.s3 import ObjectStore
from controlplane.audit.consume import consume
from controlplane.config import Settings
from controlplane.domain.audit import AuditEvent
from controlplane.domain.storable import storable


class Bucket(ObjectStore):
    """Takes everything."""

    def __init__(self) -> None:
        pass

    async def put(self, *args: object, **kwargs: object) -> None:
        pass


class Unwarned(Stores):
    """What is charged under caps is not what this is about."""

    async def warn(self, charges: Sequence[object]) -> None:
        pass


async def _store(url: str, redis_url: str, events: Sequence[AuditEvent]) -> tuple[Stores, int]:
    database, redis = Database(url), RedisClient(redis_url, 500, 2)
    stores = Unwarned(
        RequestLogRepository(database), Bucket(), RedisLedger(redis), NotedDeliveries(), None, ""
    )
    org_id = f"org-{uuid.uuid4().hex[:12]}"
    told = [replace(event, org_id=org_id, request_id=uuid.uuid4().hex) for event in events]
    neighbour = audit_event(org_id=org_id)
    bodies = [storable(event).to_json() for event in told]
    answer = await consume(batch(*bodies, neighbour), stores)
    assert answer == {"batchItemFailures": []}
    found = [await stores.request_logs.get(org_id, event.request_id) for event in told]
    assert await stores.request_logs.get(org_id, neighbour.request_id) is not None
    await database.close()
    await redis.close()
    return stores, sum(record is not None for record in found)


@pytest.mark.parametrize("examples", few_or_many(15, 400))
def test_anything_is_stored(examples: int, postgres_url: str, settings: Settings) -> None:
    @searching(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(any_event, min_size=1, max_size=12))
    def run(events: list[AuditEvent]) -> None:
        stores, found = asyncio.run(_store(postgres_url, settings.redis_url, events))
        assert isinstance(stores.deliveries, NotedDeliveries)
        assert stores.deliveries.set_aside_ == []
        assert found == len(events)

    run()
