"""Notifications: what the caller's organisation is told about its budgets, and where."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from controlplane.admin.models.notifications import (
    Delivered,
    NotificationsBody,
    NotificationsShown,
    TestOutcome,
)
from controlplane.admin.notifications import Draft, destinations_of, tag, test_message
from controlplane.admin.outage import unavailable
from controlplane.api.routers.admin.dependencies import Asking, Reading, Writing
from controlplane.api.routers.admin.route import AdminRoute
from controlplane.audit.deliver import send
from controlplane.domain.notification import Destination, Notification, NotificationSettings
from controlplane.errors import Undelivered
from controlplane.wiring import Container

router = APIRouter(
    prefix="/admin/v1/notifications", tags=["admin: notifications"], route_class=AdminRoute
)
_UNREAD = "The notifications cannot be read at the moment. Try again."


@router.get("", summary="What is told about budgets, and where", response_model=NotificationsShown)
async def get_notifications(asked: Reading) -> NotificationsShown | Response:
    """The default where nothing was written: 80 and 100 percent and refusals, to no destination."""
    with unavailable(_UNREAD):
        stored = await asked.parts.notifications.settings(asked.caller.org_id)
    settings = stored or NotificationSettings()
    return asked.unless_known(_shown(settings, {}, asked.parts), tag(settings))


@router.put("", summary="Write what is told about budgets, and where")
async def put_notifications(asked: Writing, wanted: NotificationsBody) -> NotificationsShown:
    """The body is the whole document. A new webhook's secret is in the answer, this once."""
    with unavailable("The notifications cannot be stored at the moment. Try again."):
        draft = Draft(
            asked.caller.org_id,
            wanted,
            await asked.parts.sealer.current(),
            asked.condition,
            allow_private=asked.parts.settings.notify.allow_private,
        )
        stored = await asked.parts.notifications.put(asked.actor, draft)
    return asked.tagged(_shown(stored, draft.secrets, asked.parts), tag(stored))


@router.post("/test", summary="Send a test message to every destination")
async def send_test(asked: Asking) -> TestOutcome:
    """Each gets one message, once, and the answer says whether it arrived."""
    with unavailable(_UNREAD):
        settings = await asked.parts.notifications.settings(asked.caller.org_id)
        topic = asked.parts.has_warning_topic
        destinations = destinations_of(settings, topic=topic)
        message = test_message(asked.caller.org_id)
        reasons = await asyncio.gather(*(_try(each, message, asked.parts) for each in destinations))
    return TestOutcome(
        data=[
            Delivered(destination=each.name or None, delivered=reason is None, reason=reason)
            for each, reason in zip(destinations, reasons, strict=True)
        ]
    )


async def _try(destination: Destination, message: Notification, parts: Container) -> str | None:
    """Why it was not delivered; None where it was."""
    try:
        await send(destination, replace(message, destination=destination.name), parts)
    except Undelivered as error:
        return str(error)
    return None


def _shown(
    settings: NotificationSettings, secrets: Mapping[str, str], parts: Container
) -> NotificationsShown:
    described: dict[str, Any] = settings.described()
    for each in described["destinations"]:
        each["secret"] = secrets.get(each["name"])
    return NotificationsShown.model_validate({**described, "topic": parts.has_warning_topic})
