"""SQS batch -> PostgreSQL and S3, to the ledger what it has missed, and warnings to people.

Returns a partial batch response: SQS delivers again what is listed, as soon as the consumer asked
it to. What can never be stored goes to the dead letters at once, and nothing else does: a store may
be down for as long as SQS keeps a message.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from controlplane.adapters.postgres.request_logs.repository import (
    EventId,
    RequestLogRepository,
    by_identity,
    event_id,
)
from controlplane.adapters.s3 import ObjectStore
from controlplane.audit.archive import archive
from controlplane.audit.unsettled import settle_unsettled
from controlplane.domain.access import ORG_ID
from controlplane.domain.audit import AuditEvent
from controlplane.domain.budget import Charge
from controlplane.domain.notification import TYPE, Notification
from controlplane.domain.storable import storable
from controlplane.errors import Unreachable
from controlplane.gateway.ports import Ledger
from controlplane.telemetry import count, log

# An organisation, what a request has charged a cap (`Charge.to_dict`), and when.
Charged = tuple[str, Mapping[str, Any], datetime]
NOTIFICATION_STARTS = f'{{"type":"{TYPE}"'


class AuditStores(Protocol):
    """Where the audit trail is kept, and how warnings leave."""

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

    async def warn(self, charges: Sequence[Charged]) -> None:
        """Send what is due of warnings. Raises Unreachable."""
        ...

    async def deliver(self, notifications: Mapping[str, Notification]) -> list[str]:
        """Deliver notifications; returns the messages that have to come again."""
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
        notifications, others = _notifications(records.values())
        failed = await stores.deliver(notifications) if notifications else []
        poison, late = await _store(others, stores) if others else ({}, [])
        again, ended = [*failed, *late], True
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
    records: Sequence[Mapping[str, Any]], stores: AuditStores
) -> tuple[dict[str, str], list[str]]:
    """Which messages can never be stored, each with its reason, and which are to come again."""
    events: list[AuditEvent] = []
    messages: defaultdict[EventId, list[str]] = defaultdict(list)
    poison: dict[str, str] = {}
    again: list[str] = []
    for record in records:
        try:
            audit_event = _parse(record["body"])
        except _Poison as error:
            poison[record["messageId"]] = str(error)
            continue
        events.append(audit_event)
        messages[event_id(audit_event)].append(record["messageId"])
    if events:
        try:
            written = await stores.request_logs.write(events, partial(archive, stores.object_store))
        except Unreachable as error:
            count("audit_batch_postponed", store=error.store)
            return poison, [each for named in messages.values() for each in named]
        for key, reason in written.refused.items():
            poison |= dict.fromkeys(messages[key], reason)
        # Also where the record is an old one: its first delivery may have found the ledger down.
        stored = [e for key, e in by_identity(events).items() if key not in written.refused]
        charges = [
            (event.org_id, charge, event.occurred_at)
            for event in stored
            for charge in event.charges
        ]
        for late in await _settle(stored, stores, charges):
            again += messages[event_id(late)]
        if charges and not await _warn(charges, stores):
            again += [name for each in stored if each.charges for name in messages[event_id(each)]]
    return poison, list(dict.fromkeys(again))


async def _settle(
    stored: Sequence[AuditEvent], stores: AuditStores, charges: list[Charged]
) -> list[AuditEvent]:
    if all(event.unsettled is None for event in stored):
        return []  # the rule; then nothing of the ledger is even loaded

    def charged(event: AuditEvent, found: Sequence[Charge]) -> None:
        charges.extend((event.org_id, charge.to_dict(), event.occurred_at) for charge in found)

    return await settle_unsettled(stored, stores.ledger, charged)


async def _warn(charges: Sequence[Charged], stores: AuditStores) -> bool:
    """False where they have to come again."""
    try:
        await stores.warn(charges)
    except Unreachable as error:
        count("budget_warnings_postponed", store=error.store)
        return False
    return True


def _notifications(
    records: Iterable[Mapping[str, Any]],
) -> tuple[dict[str, Notification], list[Mapping[str, Any]]]:
    """The notifications by the ids of their messages, and everything else."""
    found: dict[str, Notification] = {}
    others: list[Mapping[str, Any]] = []
    for record in records:
        # No audit event begins so, and to parse each of them twice would cost the most.
        if not record["body"].startswith(NOTIFICATION_STARTS):
            others.append(record)
            continue
        try:
            found[record["messageId"]] = Notification.from_dict(json.loads(record["body"]))
        except (ValueError, RecursionError):
            others.append(record)
    return found, others


class _Poison(Exception):
    """A message that no try will ever store; says the kind of fault and nothing of the content."""


def _parse(body: str) -> AuditEvent:
    try:
        event = storable(AuditEvent.from_json(body))
        event.to_json()
    # What a hostile body can make the parser and the clock arithmetic raise, deep nesting included.
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _Poison("not an audit event") from None
    if not ORG_ID.match(event.org_id):
        raise _Poison("not an organisation id")
    return event


def _failures(message_ids: Iterable[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}
