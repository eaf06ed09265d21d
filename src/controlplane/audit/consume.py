"""SQS batch -> PostgreSQL and S3, and to the ledger what it has missed.

Returns a partial batch response: SQS delivers again what is listed, as soon as the consumer asked
it to. What can never be stored goes to the dead letters at once, and nothing else does: a store may
be down for as long as SQS keeps a message.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
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

    @property
    def deliveries(self) -> Deliveries:
        """Where a message comes from, and may go back to."""
        ...


class Deliveries(Protocol):
    """What can be done with a message that was not stored. Neither raises."""

    async def postpone(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Bring the messages back soon, later each time."""
        ...

    async def set_aside(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Copy messages to the dead letters; returns those that are there."""
        ...


async def consume(event: Mapping[str, Any], stores: AuditStores) -> dict[str, Any]:
    """Store the events of one batch; a message that can never be stored does not hinder the others.

    Never raises for a store that is down: then all messages come again.
    """
    records = {record["messageId"]: record for record in event["Records"]}
    ended = False
    try:
        poison, again = await _store(records.values(), stores)
        ended = True
    finally:
        if not ended:  # a fault of ours: the function fails, and the batch comes again soon as well
            await stores.deliveries.postpone(list(records.values()))
    for message_id, reason in poison.items():
        log.error("audit_message_refused", extra={"message_id": message_id, "reason": reason})
        count("audit_message_refused")
    if poison:
        aside = await stores.deliveries.set_aside([records[message_id] for message_id in poison])
        again += poison.keys() - {record["messageId"] for record in aside}
    if again:
        await stores.deliveries.postpone([records[message_id] for message_id in again])
    return _failures(again)


async def _store(
    records: Iterable[Mapping[str, Any]], stores: AuditStores
) -> tuple[dict[str, str], list[str]]:
    """Which messages can never be stored, each with its reason, and which are to come again."""
    events: dict[EventId, AuditEvent] = {}
    messages: defaultdict[EventId, list[str]] = defaultdict(list)
    poison: dict[str, str] = {}
    again: list[str] = []
    for record in records:
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
            return poison, [each for named in messages.values() for each in named]
        for key, reason in written.refused.items():
            poison |= dict.fromkeys(messages[key], reason)
        # Also where the record is an old one: its first delivery may have found the ledger down.
        stored = [event for key, event in events.items() if key not in written.refused]
        for late in await _settle(stored, stores):
            again += messages[event_id(late)]
    return poison, again


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
