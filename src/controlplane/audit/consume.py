"""SQS batch -> PostgreSQL and S3, and to the ledger what it has missed.

Answers a partial batch response: SQS delivers again what is listed, and moves it to the dead-letter
queue after its last try. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from controlplane.adapters.postgres.request_logs.repository import (
    EventId,
    RequestLogRepository,
    event_id,
)
from controlplane.adapters.s3 import ObjectStore
from controlplane.audit.archive import archive
from controlplane.audit.unsettled import settle_unsettled
from controlplane.domain.access import ORG_ID
from controlplane.domain.audit import AuditEvent
from controlplane.errors import Unreachable
from controlplane.gateway.ports import Ledger
from controlplane.telemetry import count, log


class AuditStores(Protocol):
    """Where the audit trail is kept."""

    @property
    def request_logs(self) -> RequestLogRepository:
        """The rows."""
        ...

    @property
    def object_store(self) -> ObjectStore:
        """The bucket of the archive."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Where holds are settled."""
        ...


async def consume(event: Mapping[str, Any], stores: AuditStores) -> dict[str, Any]:
    """Store the events of one batch; a message that can never be stored does not hinder the others.

    Never raises for a store that is down: then all messages are to come again.
    """
    events: dict[EventId, AuditEvent] = {}
    messages: defaultdict[EventId, list[str]] = defaultdict(list)
    poison: dict[str, str] = {}
    again: list[str] = []
    for record in event["Records"]:
        try:
            audit_event = _parse(record["body"])
        except _Poison as error:
            poison[record["messageId"]] = str(error)
            continue
        key = event_id(audit_event)
        events[key] = audit_event
        messages[key].append(record["messageId"])
    if events:
        try:
            written = await stores.request_logs.write(
                events.values(), partial(archive, stores.object_store)
            )
        except Unreachable as error:
            count("audit_batch_postponed", store=error.store)
            return _failures(record["messageId"] for record in event["Records"])
        for key, reason in written.refused.items():
            poison |= dict.fromkeys(messages[key], reason)
        # Also where the record is an old one: its first delivery may have found the ledger down.
        stored = [event for key, event in events.items() if key not in written.refused]
        for late in await _settle(stored, stores):
            again += messages[event_id(late)]
    for message_id, reason in poison.items():
        log.error("audit_message_refused", extra={"message_id": message_id, "reason": reason})
        count("audit_message_refused")
    return _failures([*poison, *again])


async def _settle(stored: Sequence[AuditEvent], stores: AuditStores) -> list[AuditEvent]:
    if all(event.unsettled is None for event in stored):
        return []  # the rule; then nothing of the ledger is even loaded
    return await settle_unsettled(stored, stores.ledger)


class _Poison(Exception):
    """A message that no try will ever store; says the kind of fault and nothing of the content."""


def _parse(body: str) -> AuditEvent:
    try:
        event = AuditEvent.from_json(body)
        event.to_json()
    # What a hostile body can make the parser and the clock arithmetic raise, deep nesting included.
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _Poison("not an audit event") from None
    if not ORG_ID.match(event.org_id):
        raise _Poison("not an organisation id")
    return event


def _failures(message_ids: Iterable[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}
