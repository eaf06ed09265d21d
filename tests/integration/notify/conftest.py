"""An organisation whose requests charge caps, a queue that is drained by hand, a receiver."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.aws import client
from tests.fixed_providers import FixedProviders
from tests.integration.api.conftest import Organization, close, new_organization
from tests.integration.api.policy_scene import APP
from tests.receiver import Receiver, receiver
from tests.sqs_records import sqs_record

from controlplane.adapters.notify.webhook import WebhookSender
from controlplane.audit.consume import consume
from controlplane.config import NotifySettings, Settings
from controlplane.domain.routing import Route, Target
from controlplane.providers.echo import EchoProvider
from controlplane.wiring import Container

MODEL = "gpt-4o-mini"
NOTIFICATIONS = "/admin/v1/notifications"


@dataclass
class Scene:
    """`delays` has how long the messages that were taken out of the queue were to wait."""

    organization: Organization
    receiver: Receiver
    tls: ssl.SSLContext
    settings: Settings

    @property
    def container(self) -> Container:
        return self.organization.container

    async def put(self, **document: Any) -> httpx.Response:
        """Write the notifications; the webhook is this receiver."""
        return await self.organization.admin.put(NOTIFICATIONS, json=document)

    async def hook(self, **document: Any) -> str:
        """The same with one webhook; its secret."""
        destination = {"name": "hook", "kind": "webhook", "url": self.receiver.url}
        response = await self.put(destinations=[destination], **document)
        assert response.status_code == 200, response.text
        secret: str = response.json()["destinations"][0]["secret"]
        return secret

    async def cap(self, usd: str, **more: Any) -> None:
        """A cap of the application."""
        cap = {"usd": usd, "period": "month"} | more
        response = await self.organization.admin.put(APP, json={"cost_caps": [cap]})
        assert response.status_code in (200, 201), response.text

    async def chat(self) -> httpx.Response:
        """Costs 20 tokens of input about, and of output as many."""
        message = {"role": "user", "content": "a b c d e f g h i j k l m n o p"}
        body = {"model": MODEL, "messages": [message], "max_tokens": 40}
        return await self.organization.service.post("/v1/chat/completions", json=body)

    def take(self) -> list[dict[str, Any]]:
        """What waits in the queue, and is in it no more."""
        sqs = client("sqs", self.settings)
        url, taken = self.settings.audit_queue_url, list[dict[str, Any]]()
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                names = message["MessageId"], message["Body"], message["ReceiptHandle"]
                taken.append(sqs_record(*names))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    async def consume(self, records: list[dict[str, Any]]) -> None:
        """One batch, all of which succeeds."""
        assert await consume({"Records": records}, self.container) == {"batchItemFailures": []}

    async def drain(self) -> None:
        """Everything that waits now, and what comes of it."""
        while records := self.take():
            await self.consume(records)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [orjson.loads(body) for _, body in self.receiver.requests]


@pytest.fixture
async def scene(settings: Settings, tmp_path: Path) -> AsyncIterator[Scene]:
    """Webhooks may reach this machine."""
    settings = replace(settings, long_lived=True, notify=NotifySettings(allow_private=True))
    container = Container(settings)
    container.providers = FixedProviders({"openai": EchoProvider()})
    made = await new_organization(container)
    await container.configuration_repository.add_route(
        made.id, Route(MODEL, (Target("openai", MODEL),))
    )
    async with receiver(tmp_path) as (listening, tls):
        container.webhooks = WebhookSender(allow_private=True, tls=tls)
        yield Scene(made, listening, tls, settings)
    await container.webhooks.close()
    await close(made)
    await container.database.close()
    await container.redis.close()
