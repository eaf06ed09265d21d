"""Notifications out of the queue: delivered, or put back for a bounded number of tries."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import orjson

from controlplane.adapters.notify.queue import NotificationQueue, WarningTopic
from controlplane.adapters.notify.webhook import WebhookSender
from controlplane.adapters.postgres.notifications import NotificationRepository
from controlplane.adapters.sealer import Sealer
from controlplane.domain.notification import TOPIC, Destination, DestinationKind, Notification
from controlplane.domain.rotating import Rotating
from controlplane.errors import Undelivered, Unreachable
from controlplane.telemetry import count

# Seconds before the second try, the third, ...; a message may wait in SQS for 900 at most.
RETRY_SECONDS = (10, 60, 300, 900, 900)


class Delivery(Protocol):
    """By which ways notifications leave."""

    @property
    def notifications(self) -> NotificationRepository:
        """Where the destinations are stored."""
        ...

    @property
    def notification_queue(self) -> NotificationQueue:
        """Where they wait for another try."""
        ...

    @property
    def sealer(self) -> Rotating[Sealer]:
        """Opens addresses and secrets."""
        ...

    @property
    def webhooks(self) -> WebhookSender:
        """For webhooks."""
        ...

    @property
    def warning_topic(self) -> WarningTopic | None:
        """The operator's."""
        ...


async def deliver_all(notifications: Mapping[str, Notification], by: Delivery) -> list[str]:
    """Deliver them, by the ids of their messages; returns those that have to come again because a
    store of ours does not answer."""
    results = await asyncio.gather(*(_deliver(each, by) for each in notifications.values()))
    return [name for name, done in zip(notifications, results, strict=True) if not done]


async def _deliver(notification: Notification, by: Delivery) -> bool:
    try:
        destination = await _destination(notification, by)
        if destination is None:
            return True  # it was removed since
        try:
            await send(destination, notification, by)
        except Undelivered as error:
            await _later(notification, destination, error, by)
        else:
            count("notification_delivered", org_id=notification.org_id, kind=destination.kind)
    except Unreachable:
        return False
    return True


async def send(destination: Destination, notification: Notification, by: Delivery) -> None:
    """One try. Raises Undelivered and Unreachable."""
    message = notification.message
    if destination.kind is DestinationKind.TOPIC:
        topic = by.warning_topic
        if topic is not None:
            await topic.publish(notification.id, message)
        return
    opened = (await by.sealer.current()).open(notification.org_id, destination.sealed)
    if opened is None:
        raise Undelivered("its address was sealed under another secret: write it again", final=True)
    address = orjson.loads(opened)
    if destination.kind is DestinationKind.SLACK:
        message = {"text": message["text"]}
    await by.webhooks.post(address["url"], notification.id, message, address["secret"])


async def _later(
    notification: Notification, destination: Destination, error: Undelivered, by: Delivery
) -> None:
    facts: dict[str, Any] = {
        "org_id": notification.org_id,
        "destination": destination.name,
        "kind": destination.kind,
        "attempt": notification.attempt,
        "reason": str(error),
    }
    tries = 1 if error.final else 1 + len(RETRY_SECONDS)
    if notification.attempt >= tries:
        count("notification_failed", **facts)
        return
    delay = RETRY_SECONDS[notification.attempt - 1]
    again = replace(notification, attempt=notification.attempt + 1)
    await by.notification_queue.send([again], delay)
    count("notification_postponed", **facts)


async def _destination(notification: Notification, by: Delivery) -> Destination | None:
    if notification.destination == TOPIC:
        return Destination(TOPIC, DestinationKind.TOPIC)
    settings = await by.notifications.settings(notification.org_id)
    destinations: Sequence[Destination] = () if settings is None else settings.destinations
    return next((each for each in destinations if each.name == notification.destination), None)
