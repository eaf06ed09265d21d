"""Notifications: which warnings an organisation wants, where they go, and whether they arrive."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from controlplane.adapters.notify.addresses import is_literal_refused
from controlplane.adapters.notify.webhook import SECRET_PREFIX
from controlplane.adapters.sealer import Sealer
from controlplane.admin.faults import InvalidDocument
from controlplane.admin.models.notifications import DestinationBody, NotificationsBody
from controlplane.admin.precondition import Precondition, etag
from controlplane.domain.notification import (
    TOPIC,
    Destination,
    DestinationKind,
    Notification,
    NotificationSettings,
)

_SECRET_BYTES = 32


class Draft:
    """What an administrator wants, made of what is stored; `secrets` are those that are new."""

    def __init__(
        self,
        org_id: str,
        wanted: NotificationsBody,
        sealer: Sealer,
        condition: Precondition,
        *,
        allow_private: bool,
    ) -> None:
        self._org_id = org_id
        self._wanted = wanted
        self._sealer = sealer
        self._condition = condition
        self._allow_private = allow_private
        self.secrets: dict[str, str] = {}

    def __call__(self, stored: NotificationSettings | None) -> NotificationSettings:
        """Raises InvalidDocument and PreconditionFailed."""
        self._check()
        known = {each.name: each for each in stored.destinations} if stored else {}
        settings = NotificationSettings(
            tuple(sorted(set(self._wanted.thresholds))),
            self._wanted.refusals,
            tuple(
                self._destination(index, each, known.get(each.name))
                for index, each in enumerate(self._wanted.destinations)
            ),
        )
        if settings != stored:
            self._condition.check(tag(stored or NotificationSettings()))
        return settings

    def _check(self) -> None:
        names = [each.name for each in self._wanted.destinations]
        for index, each in enumerate(self._wanted.destinations):
            if each.name in names[:index]:
                raise _fault(index, "name", "is there twice")
            host = urlsplit(each.url).hostname if each.url else None
            if host and is_literal_refused(host, allow_private=self._allow_private):
                raise _fault(index, "url", "must be a public address")

    def _destination(
        self, index: int, wanted: DestinationBody, stored: Destination | None
    ) -> Destination:
        kind = DestinationKind(wanted.kind)
        before = self._opened(stored) if stored and stored.kind is kind else {}
        url = wanted.url or before.get("url")
        if url is None:
            raise _fault(index, "url", "is missing: nothing is stored under this name and kind")
        secret = before.get("secret")
        if kind is DestinationKind.WEBHOOK and (secret is None or wanted.new_secret):
            secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
            self.secrets[wanted.name] = secret
        after = {"url": url, "secret": secret}
        if stored is not None and after == before:
            return stored
        sealed = self._sealer.seal(self._org_id, orjson.dumps(after).decode())
        return Destination(wanted.name, kind, urlsplit(url).hostname or "", sealed)

    def _opened(self, stored: Destination) -> Mapping[str, str | None]:
        text = self._sealer.open(self._org_id, stored.sealed)
        return {} if text is None else orjson.loads(text)


def tag(settings: NotificationSettings) -> str:
    """The entity tag."""
    return etag(settings.to_dict())


def test_message(org_id: str) -> Notification:
    """What a test sends."""
    message = {
        "type": "test",
        "timestamp": datetime.now(UTC).isoformat(),
        "text": f"A test: warnings about the LLM budgets of {org_id} arrive here.",
        "data": {"organization_id": org_id},
    }
    return Notification(f"msg_{uuid.uuid4().hex}", org_id, TOPIC, message)


def destinations_of(settings: NotificationSettings | None, *, topic: bool) -> list[Destination]:
    """All that a warning goes to."""
    own = () if settings is None else settings.destinations
    return [*([Destination(TOPIC, DestinationKind.TOPIC)] if topic else []), *own]


def _fault(index: int, field: str, expected: str) -> InvalidDocument:
    return InvalidDocument("request", [(f"destinations.{index}.{field}", expected)])
