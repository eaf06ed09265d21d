"""Keys and applications while Redis or PostgreSQL is down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import Organization, assert_error

from controlplane.adapters.redis import key_cache
from controlplane.admin.in_force import HOLDS_WITHIN_MINUTES
from controlplane.api.app import create_app
from controlplane.wiring import Container

KEYS, APPLICATIONS = "/admin/v1/api-keys", "/admin/v1/applications"


@asynccontextmanager
async def admin_where(
    organization: Organization, **broken: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """The admin, at a process where something is gone."""
    container = Container(replace(organization.container.settings, **broken))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(container)),
        base_url="http://cp",
        headers=organization.admin.headers,
    ) as http:
        yield http
    await container.database.close()
    await container.redis.close()
    await container.http.aclose()


@pytest.fixture
async def without_redis(organization: Organization) -> AsyncIterator[httpx.AsyncClient]:
    async with admin_where(organization, redis_url="redis://127.0.0.1:1") as http:
        yield http


async def make(organization: Organization, application_id: str = "app-1") -> dict[str, Any]:
    body = {"application_id": application_id, "name": "k"}
    made: dict[str, Any] = (await organization.admin.post(KEYS, json=body)).json()
    assert (await organization.models_with(made["key"])).status_code == 200
    return made


async def test_a_revocation_that_redis_missed_says_so_and_can_be_repeated(
    organization: Organization, without_redis: httpx.AsyncClient
) -> None:
    made = await make(organization)
    missed = await without_redis.delete(f"{KEYS}/{made['id']}")
    assert_error(missed, 503, None)
    assert "is stored" in missed.json()["error"]["message"]
    assert (await organization.models_with(made["key"])).status_code == 200  # what Redis held
    assert (await organization.admin.delete(f"{KEYS}/{made['id']}")).status_code == 204
    assert (await organization.models_with(made["key"])).status_code == 401


async def test_a_deletion_that_redis_missed_can_be_repeated(
    organization: Organization, without_redis: httpx.AsyncClient
) -> None:
    place = f"{APPLICATIONS}/app-2"
    await organization.admin.post(APPLICATIONS, json={"name": "x", "id": "app-2"})
    made = await make(organization, "app-2")
    missed = await without_redis.delete(place)
    assert_error(missed, 503, None)
    assert "is stored" in missed.json()["error"]["message"]
    assert (await organization.models_with(made["key"])).status_code == 200
    assert (await organization.admin.delete(place)).status_code == 204
    assert (await organization.models_with(made["key"])).status_code == 401


async def test_an_expiry_that_redis_missed_can_be_repeated(
    organization: Organization, without_redis: httpx.AsyncClient
) -> None:
    made = await make(organization)
    place, change = f"{KEYS}/{made['id']}", {"expires_at": "2099-01-01T00:00:00Z"}
    assert_error(await without_redis.patch(place, json=change), 503, None)
    assert (await organization.admin.patch(place, json=change)).status_code == 200


async def test_a_rotation_that_redis_missed_has_not_happened(
    organization: Organization, without_redis: httpx.AsyncClient
) -> None:
    """Its answer would be the only place where the new key ever was."""
    made = await make(organization)
    missed = await without_redis.post(f"{KEYS}/{made['id']}/rotate", json={"overlap_seconds": 0})
    assert_error(missed, 503, None)
    assert "nothing is changed" in missed.json()["error"]["message"]
    assert (await organization.models_with(made["key"])).status_code == 200
    listed = (await organization.admin.get(KEYS)).json()["data"]
    assert all(key["replaces"] is None for key in listed)
    assert (await organization.admin.get(f"{KEYS}/{made['id']}")).json()["expires_at"] is None


async def test_what_needs_no_cache_goes_on(
    organization: Organization, without_redis: httpx.AsyncClient
) -> None:
    made = await without_redis.post(APPLICATIONS, json={"name": "x", "id": "app-3"})
    assert made.status_code == 201
    key = await without_redis.post(KEYS, json={"application_id": "app-3", "name": "k"})
    assert key.status_code == 201
    assert (await without_redis.get(f"{KEYS}/{key.json()['id']}")).status_code == 200
    place = f"{APPLICATIONS}/app-3"
    assert (await without_redis.patch(place, json={"name": "y"})).status_code == 200


async def test_the_answer_says_how_long_the_cache_is_fresh() -> None:
    assert HOLDS_WITHIN_MINUTES * 60 == key_cache.FRESH_SECONDS


async def test_the_database_down_is_503(organization: Organization) -> None:
    await organization.admin.get(KEYS)  # the key is cached
    place, own = f"{KEYS}/key-1", f"/admin/v1/organizations/{organization.id}"
    async with admin_where(organization, database_url="postgresql://u@127.0.0.1:1/d") as http:
        for response in (
            await http.get(KEYS),
            await http.get(KEYS, params={"application_id": "app-1"}),
            await http.post(KEYS, json={"application_id": "app-1", "name": "k"}),
            await http.get(place),
            await http.patch(place, json={"name": "x"}),
            await http.post(f"{place}/rotate"),
            await http.delete(place),
            await http.get(APPLICATIONS),
            await http.post(APPLICATIONS, json={"name": "x"}),
            await http.get(f"{APPLICATIONS}/app-1"),
            await http.patch(f"{APPLICATIONS}/app-1", json={"name": "x"}),
            await http.delete(f"{APPLICATIONS}/app-1"),
            await http.get(own),
            await http.patch(own, json={"name": "x"}),
            await http.get("/admin/v1/organizations"),
            await http.get("/admin/v1/changes"),
        ):
            assert_error(response, 503, None)
