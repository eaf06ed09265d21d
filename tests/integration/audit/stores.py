"""What the consumer is given in tests, and batches for it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.s3 import ObjectStore
from controlplane.audit.consume import Charged, Deliveries
from controlplane.domain.audit import AuditEvent
from controlplane.domain.notification import Notification
from controlplane.gateway.ports import Ledger

NO_FAILURE: dict[str, Any] = {"batchItemFailures": []}


@dataclass
class Stores:
    """What the consumer is given, and the bucket behind it."""

    request_logs: RequestLogRepository
    object_store: ObjectStore
    ledger: Ledger
    deliveries: Deliveries
    s3: Any
    bucket: str

    async def warn(self, charges: Sequence[Charged]) -> None:
        raise AssertionError("no cap is charged here")

    async def deliver(self, notifications: Mapping[str, Notification]) -> list[str]:
        raise AssertionError("nothing is delivered here")

    def versions(self) -> list[tuple[str, str]]:
        """Every write that the bucket has seen: key and version."""
        found = self.s3.list_object_versions(Bucket=self.bucket).get("Versions", [])
        return sorted((row["Key"], row["VersionId"]) for row in found)

    def lines(self) -> dict[str, list[dict[str, Any]]]:
        """The events in each object."""
        objects: dict[str, list[dict[str, Any]]] = {}
        for key, _ in self.versions():
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            assert answer["ContentEncoding"] == "gzip"
            text = gzip.decompress(answer["Body"].read()).decode()
            objects[key] = [json.loads(line) for line in text.splitlines()]
        return objects


def batch(*bodies: AuditEvent | str) -> dict[str, Any]:
    """An SQS batch of messages m0, m1, ..."""
    texts = [body if isinstance(body, str) else body.to_json() for body in bodies]
    return {
        "Records": [
            {
                "messageId": f"m{i}",
                "body": text,
                "receiptHandle": f"h{i}",
                "attributes": {"ApproximateReceiveCount": "1"},
            }
            for i, text in enumerate(texts)
        ]
    }


@dataclass
class NotedDeliveries:
    """Notes what is to come again, and what goes to the dead letters."""

    postponed: list[str] = field(default_factory=list)
    set_aside_: list[str] = field(default_factory=list)

    async def postpone(self, records: Sequence[Mapping[str, Any]]) -> None:
        self.postponed += [record["messageId"] for record in records]

    async def set_aside(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        self.set_aside_ += [record["messageId"] for record in records]
        return records


def failures(*numbers: int) -> dict[str, Any]:
    """The answer that lists these messages."""
    return {"batchItemFailures": [{"itemIdentifier": f"m{i}"} for i in numbers]}
