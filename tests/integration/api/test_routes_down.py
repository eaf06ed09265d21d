"""Routes while Redis or PostgreSQL is down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from tests.integration.api.conftest import Organization, assert_error, models

from controlplane.adapters.redis import configuration_cache
from controlplane.admin.in_force import HOLDS_WITHIN_MINUTES
from controlplane.api.app import create_app
from controlplane.wiring import Container

ROUTES = "/admin/v1/routes"
BODY = {"strategy": "priority", "targets": [{"provider": "openai", "model": "gpt-4o"}]}
OTHER = {"strategy": "priority", "targets": [{"provider": "vllm", "model": "llama"}]}


@pytest.fixture
async def without_redis(organization: Organization) -> AsyncIterator[httpx.AsyncClient]:
    """The admin, at a process whose Redis is gone."""
    settings = organization.container.settings
    container = Container(replace(settings, redis_url="redis://127.0.0.1:1"))
    transport = httpx.ASGITransport(create_app(container))
    headers = organization.admin.headers
    async with httpx.AsyncClient(
        transport=transport, base_url="http://cp", headers=headers
    ) as http:
        yield http
    await container.database.close()
    await container.http.aclose()


async def test_a_write_that_redis_missed_says_so_and_can_be_repeated(
    organization: Organization, without_redis: httpx.AsyncClient
) -> None:
    place = f"{ROUTES}/m"
    old = (await organization.admin.put(place, json=BODY)).headers["etag"]
    missed = await without_redis.put(place, json=OTHER, headers={"If-Match": old})
    assert_error(missed, 503, None)
    assert "is stored" in missed.json()["error"]["message"]
    assert "retry-after" in missed.headers
    owner = (await organization.service.get("/v1/models/m")).json()["owned_by"]
    assert owner == "openai"  # what Redis held before
    repeated = await organization.admin.put(place, json=OTHER, headers={"If-Match": old})
    assert repeated.status_code == 200
    assert (await organization.service.get("/v1/models/m")).json()["owned_by"] == "vllm"


async def test_a_delete_that_redis_missed_can_be_repeated(
    organization: Organization, without_redis: httpx.AsyncClient
) -> None:
    place = f"{ROUTES}/m"
    await organization.admin.put(place, json=BODY)
    assert_error(await without_redis.delete(place), 503, None)
    assert await models(organization) == ["m"]
    assert_error(await organization.admin.delete(place), 404, "alias")
    assert await models(organization) == []


async def test_the_answer_says_how_long_the_cache_is_fresh() -> None:
    assert HOLDS_WITHIN_MINUTES * 60 == configuration_cache.FRESH_SECONDS


async def test_the_database_down_is_503(organization: Organization) -> None:
    settings = organization.container.settings
    broken = Container(replace(settings, database_url="postgresql://u@127.0.0.1:1/d"))
    await organization.admin.get(ROUTES)  # the key is cached
    transport = httpx.ASGITransport(create_app(broken))
    headers = organization.admin.headers
    async with httpx.AsyncClient(
        transport=transport, base_url="http://cp", headers=headers
    ) as http:
        place = f"{ROUTES}/m"
        for response in (
            await http.get(ROUTES),
            await http.get(place),
            await http.put(place, json=BODY),
            await http.delete(place),
        ):
            assert_error(response, 503, None)
    await broken.redis.close()
    await broken.http.aclose()
