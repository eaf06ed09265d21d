"""Stores for the consumer."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from tests.aws import client
from tests.integration.audit.stores import NotedDeliveries, Stores

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.config import Settings
from controlplane.wiring import Container


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[RedisClient]:
    """The worker's Valkey."""
    client = RedisClient(settings.redis_url, settings.redis_timeout_ms, 4)
    yield client
    await client.close()


@pytest.fixture
async def stores(settings: Settings, database: Database, redis: RedisClient) -> Stores:
    """Real stores; the bucket keeps every version."""
    s3 = client("s3", settings)
    s3.put_bucket_versioning(
        Bucket=settings.audit_bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return Stores(
        request_logs=RequestLogRepository(database),
        object_store=Container(settings).object_store,
        ledger=RedisLedger(redis),
        deliveries=NotedDeliveries(),
        s3=s3,
        bucket=settings.audit_bucket,
    )


@pytest.fixture
def org_id() -> str:
    """The audit trail needs no row of the organisation."""
    return f"org-{uuid.uuid4().hex[:12]}"
