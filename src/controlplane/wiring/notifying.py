"""The parts by which people are told of budgets. Everything is made when first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from controlplane.errors import ConfigurationError
from controlplane.wiring.stores import Stores

if TYPE_CHECKING:
    from controlplane.adapters.notify.queue import NotificationQueue, WarningTopic
    from controlplane.adapters.notify.webhook import WebhookSender
    from controlplane.adapters.postgres.notifications import NotificationRepository
    from controlplane.adapters.sealer import Sealer
    from controlplane.audit.consume import Charged
    from controlplane.domain.notification import Notification
    from controlplane.domain.rotating import Rotating


class Notifying(Stores):
    """Who is told, by which way."""

    @cached_property
    def notifications(self) -> NotificationRepository:
        """Who wants to be told what, in PostgreSQL."""
        from controlplane.adapters.postgres.notifications import NotificationRepository

        return NotificationRepository(self.database)

    @cached_property
    def notification_queue(self) -> NotificationQueue:
        """Where notifications wait to be delivered."""
        from controlplane.adapters.aws import client
        from controlplane.adapters.notify.queue import NotificationQueue

        return NotificationQueue(client("sqs", self.settings), self.settings.audit_queue_url)

    @property
    def has_warning_topic(self) -> bool:
        """Whether the operator wants all warnings in a topic."""
        return self.settings.notify.topic_arn is not None

    @cached_property
    def warning_topic(self) -> WarningTopic | None:
        """The operator's topic."""
        from controlplane.adapters.aws import client
        from controlplane.adapters.notify.queue import WarningTopic

        arn = self.settings.notify.topic_arn
        return None if arn is None else WarningTopic(client("sns", self.settings), arn)

    @cached_property
    def sealer(self) -> Rotating[Sealer]:
        """Seals what is stored of destinations; the secret is that of the API keys."""
        from controlplane.adapters.sealer import Sealer
        from controlplane.domain.rotating import Constant

        settings = self.settings
        if settings.key_pepper:
            return Constant(Sealer(settings.key_pepper))
        if settings.key_pepper_secret:
            return self.secret_text(settings.key_pepper_secret, Sealer)
        raise ConfigurationError("LLM_CP_KEY_PEPPER is not set.")

    @cached_property
    def webhooks(self) -> WebhookSender:
        """Posts to the destinations of notifications."""
        from controlplane.adapters.notify.webhook import WebhookSender

        return WebhookSender(allow_private=self.settings.notify.allow_private)

    async def warn(self, charges: Sequence[Charged]) -> None:
        """Send what is due of warnings. Raises Unreachable."""
        from controlplane.audit.warn import warn

        await warn(charges, self)

    async def deliver(self, notifications: Mapping[str, Notification]) -> list[str]:
        """Deliver notifications; returns the messages that have to come again."""
        from controlplane.audit.deliver import deliver_all

        return await deliver_all(notifications, self)
