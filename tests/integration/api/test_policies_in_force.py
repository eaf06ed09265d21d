"""A changed policy holds from the next request on: seen through chat requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.fixed_providers import FixedProviders
from tests.integration.api.conftest import Organization, assert_error, close, new_organization
from tests.integration.api.policy_scene import APP

from controlplane.api.app import create_app
from controlplane.config import Settings
from controlplane.domain.routing import Route, Target
from controlplane.providers.echo import EchoProvider
from controlplane.wiring import Container

MODEL = "gpt-4o-mini"
RATE = {"rate_limits": [{"requests": 1, "window_seconds": 3600}]}


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


async def chat(organization: Organization, **more: Any) -> httpx.Response:
    message = {"role": "user", "content": "hello there"}
    body = {"model": MODEL, "messages": [message], "max_tokens": 10, **more}
    return await organization.service.post("/v1/chat/completions", json=body)


async def test_a_limit_holds_and_is_gone_again(organization: Organization) -> None:
    admin = organization.admin
    assert (await chat(organization)).status_code == 200
    await admin.put(APP, json={"concurrency": 5})
    assert (await admin.put(APP, json=RATE)).status_code == 200
    # The request before counted under another window, this one is the first of this one.
    assert (await chat(organization)).status_code == 200
    assert_error(await chat(organization), 429, None)
    assert (await admin.post(f"{APP}/rollback", json={"version": 1})).status_code == 200
    assert (await chat(organization)).status_code == 200
    await admin.post(f"{APP}/rollback", json={"version": 2})
    assert_error(await chat(organization), 429, None)
    assert (await admin.delete(APP)).status_code == 204
    assert (await chat(organization)).status_code == 200


async def test_models_and_parameters_hold_at_once(organization: Organization) -> None:
    admin = organization.admin
    assert (await chat(organization, n=1)).status_code == 200
    await admin.put(APP, json={"models": {"allow": ["claude-*"]}})
    assert_error(await chat(organization), 403, "model")
    await admin.put(APP, json={"parameters": {"deny": ["n"]}})
    assert_error(await chat(organization, n=1), 403, "n")
    await admin.put(APP, json={"max_output_tokens": 5})
    assert_error(await chat(organization), 400, "max_tokens")


async def test_a_new_cost_cap_is_open_at_once_and_refuses_what_does_not_fit(
    organization: Organization,
) -> None:
    admin = organization.admin
    assert (await chat(organization)).status_code == 200
    roomy = {"cost_caps": [{"usd": "5", "period": "day"}]}
    assert (await admin.put(APP, json=roomy)).status_code == 201
    assert (await chat(organization)).status_code == 200
    await admin.put(APP, json={"cost_caps": [{"usd": "0", "period": "day"}]})
    refused = await chat(organization)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "insufficient_quota"
    await admin.post(f"{APP}/rollback", json={"version": 1})
    assert (await chat(organization)).status_code == 200


async def test_a_shadow_policy_lets_everything_pass(organization: Organization) -> None:
    tried = {**RATE, "mode": "shadow", "models": {"allow": ["claude-*"]}}
    assert (await organization.admin.put(APP, json=tried)).status_code == 201
    for _ in range(3):
        assert (await chat(organization)).status_code == 200
    await organization.admin.put(APP, json={**tried, "mode": "enforce"})
    assert_error(await chat(organization), 403, "model")


async def test_a_policy_of_another_time_holds_nothing(organization: Organization) -> None:
    over = {"concurrency": 0, "valid": {"until": "2020-01-01T00:00:00Z"}}
    assert (await organization.admin.put(APP, json=over)).status_code == 201
    assert (await chat(organization)).status_code == 200
    now = {"concurrency": 0, "valid": {"from": "2020-01-01T00:00:00Z"}}
    await organization.admin.put(APP, json=now)
    assert_error(await chat(organization), 429, None)


async def test_a_write_that_redis_missed_says_so_and_can_be_repeated(
    organization: Organization,
) -> None:
    settings = organization.container.settings
    container = Container(replace(settings, redis_url="redis://127.0.0.1:1"))
    transport = httpx.ASGITransport(create_app(container))
    headers = organization.admin.headers
    async with httpx.AsyncClient(
        transport=transport, base_url="http://cp", headers=headers
    ) as without_redis:
        missed = await without_redis.put(APP, json={"concurrency": 0})
        assert_error(missed, 503, None)
        assert "is stored" in missed.json()["error"]["message"]
    await container.database.close()
    assert (await organization.admin.get(APP)).json()["version"] == 1
    repeated = await organization.admin.put(APP, json={"concurrency": 0})
    assert (repeated.status_code, repeated.json()["version"]) == (200, 1)
    assert_error(await chat(organization), 429, None)
