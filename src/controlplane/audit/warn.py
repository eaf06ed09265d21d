"""Warnings about budgets, decided from what requests have charged, once for all processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from controlplane.adapters.notify.queue import NotificationQueue
from controlplane.adapters.postgres.notifications import NotificationRepository
from controlplane.audit.consume import Charged
from controlplane.domain.notification import TOPIC, Notification, due


class WarningStores(Protocol):
    """What decides whether a warning is sent."""

    @property
    def notifications(self) -> NotificationRepository:
        """Who wants to know what, and what was sent."""
        ...

    @property
    def notification_queue(self) -> NotificationQueue:
        """Where they wait to be delivered."""
        ...

    @property
    def has_warning_topic(self) -> bool:
        """Whether the operator wants all warnings in a topic."""
        ...


async def warn(charges: Sequence[Charged], stores: WarningStores) -> None:
    """Put every warning that is due into the queue, a message for each destination.

    They count as sent once the queue has them. A crash between both sends them a second time, under
    the same id. Raises Unreachable.
    """
    settings = await stores.notifications.settings_of({org_id for org_id, _, _ in charges})
    topic = (TOPIC,) if stores.has_warning_topic else ()
    destinations = {
        org_id: (*topic, *(each.name for each in wanted.destinations))
        for org_id, wanted in settings.items()
    }
    warnings = due((each for each in charges if destinations[each[0]]), settings)
    if not warnings:
        return
    async with stores.notifications.unsent(warnings) as unsent:
        await stores.notification_queue.send(
            [
                Notification(each.id, each.org_id, destination, each.message())
                for each in unsent
                for destination in destinations[each.org_id]
            ]
        )
