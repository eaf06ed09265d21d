"""Events that did not get into the queue -> the trail, by the consumer's own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.s3 import ObjectStore
from controlplane.audit.consume import AuditStores, Charged, consume
from controlplane.domain.notification import Notification
from controlplane.gateway.ports import Ledger


@dataclass(frozen=True, slots=True)
class Recovered:
    """By their names: what is in the trail now, what can never be, and what is to come again."""

    stored: frozenset[str]
    refused: frozenset[str]
    postponed: frozenset[str]


async def recover(bodies: Mapping[str, str], stores: AuditStores) -> Recovered:
    """Store the events, by their names. One that is in the trail already changes nothing."""
    noted = _Noted()
    records = [{"messageId": name, "body": body} for name, body in bodies.items()]
    await consume({"Records": records}, _Stores(stores, noted))
    refused, postponed = frozenset(noted.refused), frozenset(noted.postponed)
    return Recovered(frozenset(bodies) - refused - postponed, refused, postponed)


@dataclass(slots=True)
class _Noted:
    """The consumer's Deliveries, where there is no queue."""

    refused: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)

    async def postpone(self, records: Sequence[Mapping[str, Any]]) -> None:
        self.postponed += [record["messageId"] for record in records]

    async def set_aside(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        self.refused += [record["messageId"] for record in records]
        return records


@dataclass(frozen=True, slots=True)
class _Stores:
    """The consumer's stores, but for the queue."""

    stores: AuditStores
    deliveries: _Noted

    @property
    def request_logs(self) -> RequestLogRepository:
        return self.stores.request_logs

    @property
    def object_store(self) -> ObjectStore:
        return self.stores.object_store

    @property
    def ledger(self) -> Ledger:
        return self.stores.ledger

    async def warn(self, charges: Sequence[Charged]) -> None:
        await self.stores.warn(charges)

    async def deliver(self, notifications: Mapping[str, Notification]) -> list[str]:
        return await self.stores.deliver(notifications)
