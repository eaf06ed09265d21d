"""Two applications whose ids differ by a prefix share no counter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from tests.fixed_providers import FixedProviders
from tests.integration.api.conftest import Organization, assert_error, close, new_organization

from controlplane.config import Settings
from controlplane.domain.routing import Route, Target
from controlplane.providers.echo import EchoProvider
from controlplane.wiring import Container

MODEL = "gpt-4o-mini"
IDS = ("support", "app-support")
DOCUMENT = {
    "rate_limits": [{"requests": 1, "window_seconds": 3600}],
    "token_limits": [{"tokens": 100_000, "window_seconds": 3600}],
    "cost_caps": [{"usd": "5", "period": "day"}],
    "concurrency": 5,
}
COUNTERS = ("rate_limit", "tokens", "cost")


@pytest.fixture
async def organization(settings: Settings) -> AsyncIterator[Organization]:
    """An organisation whose one model is an echo under a provider's name that has prices."""
    container = Container(replace(settings, long_lived=True))
    container.providers = FixedProviders({"openai": EchoProvider()})
    made = await new_organization(container)
    await container.configuration_repository.add_route(
        made.id, Route(MODEL, (Target("openai", MODEL),))
    )
    yield made
    await close(made)
    await container.database.close()
    await container.redis.close()


async def application(organization: Organization, app_id: str) -> str:
    """A new one with the policy; answers its key."""
    admin = organization.admin
    made = await admin.post("/admin/v1/applications", json={"name": app_id, "id": app_id})
    assert made.status_code == 201
    put = await admin.put(f"/admin/v1/policies/application/{app_id}", json=DOCUMENT)
    assert put.status_code == 201
    body = {"application_id": app_id, "name": "k"}
    key: str = (await admin.post("/admin/v1/api-keys", json=body)).json()["key"]
    return key


async def chat(organization: Organization, key: str) -> httpx.Response:
    message = {"role": "user", "content": "hello there"}
    body = {"model": MODEL, "messages": [message], "max_tokens": 10}
    headers = {"Authorization": f"Bearer {key}"}
    return await organization.service.post("/v1/chat/completions", json=body, headers=headers)


async def test_support_and_app_support_count_apart(organization: Organization) -> None:
    keys = {app_id: await application(organization, app_id) for app_id in IDS}
    for key in keys.values():
        answer = await chat(organization, key)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    for key in keys.values():
        assert_error(await chat(organization, key), 429, None)
    redis = organization.container.redis.redis
    names = [name.decode() async for name in redis.scan_iter(match=f"*{{{organization.id}}}*")]
    for counter in COUNTERS:
        prefix = f"{counter}:{{{organization.id}}}:"
        of_ids = {
            scope: [name for name in names if name.startswith(f"{prefix}{scope}:")]
            for scope in ("app:support", "app-support")
        }
        assert all(of_ids.values()), (counter, names)
