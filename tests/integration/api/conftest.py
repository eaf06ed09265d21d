"""The HTTP application over real stores, and callers of a new organisation."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from controlplane.api.app import create_app
from controlplane.config import ProviderSettings, Settings
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level
from controlplane.wiring import Container

PROVIDERS = {
    "azure": ProviderSettings("azure", "azure", "http://127.0.0.1:9", "azure-z"),
    "openai": ProviderSettings("openai", "openai", "http://127.0.0.1:9/v1", "sk-x"),
    "vllm": ProviderSettings("vllm", "openai", "http://127.0.0.1:9/v1", "sk-y"),
}


@dataclass
class Organization:
    """A new organisation with one application; a client per role."""

    container: Container
    id: str
    clients: dict[Role, httpx.AsyncClient] = field(default_factory=dict)

    @property
    def admin(self) -> httpx.AsyncClient:
        return self.clients[Role.ADMIN]

    @property
    def service(self) -> httpx.AsyncClient:
        return self.clients[Role.SERVICE]

    async def get_with(self, credential: str, path: str) -> httpx.Response:
        """A read with another credential, at the same process."""
        return await self.admin.get(path, headers={"Authorization": f"Bearer {credential}"})

    async def models_with(self, credential: str) -> httpx.Response:
        """The smallest request of an application."""
        return await self.get_with(credential, "/v1/models")


async def add_policy(
    organization: Organization, level: Level, subject_id: str, document: dict[str, Any]
) -> None:
    """A first policy, in force from the next look-up on."""
    actor = Actor(organization.id, "test")
    await organization.container.policy_repository.add(actor, level, subject_id, document)


@pytest.fixture
async def container(settings: Settings) -> AsyncIterator[Container]:
    """Everything real but the providers, which nobody calls."""
    # Long-lived: one connection alone would put concurrent writes in order by itself.
    made = Container(replace(settings, providers=PROVIDERS, long_lived=True))
    yield made
    await made.database.close()
    await made.redis.close()
    await made.http.aclose()


@pytest.fixture
async def organization(container: Container) -> AsyncIterator[Organization]:
    """The organisation of the test."""
    made = await new_organization(container)
    yield made
    await close(made)


@pytest.fixture
async def stranger(container: Container) -> AsyncIterator[Organization]:
    """Another one."""
    made = await new_organization(container)
    yield made
    await close(made)


async def new_organization(container: Container) -> Organization:
    made = Organization(container, f"org-{uuid.uuid4().hex[:12]}")
    rules = container.configuration_repository
    await rules.add_organization(made.id, "An organisation of one test")
    await rules.add_application(made.id, "app-1", "An application")
    hasher = await container.key_hasher.current()
    transport = httpx.ASGITransport(create_app(container))
    for role in Role:
        key, key_id = hasher.generate(), f"key-{uuid.uuid4().hex}"
        caller = Caller(made.id, role, application_id="app-1", key_id=key_id)
        stored = ApiKey(key_id, hasher.hash(key), caller)
        await container.key_repository.add(
            stored, name=role.value, prefix=key[:12], actor=Actor(made.id, "event:test")
        )
        made.clients[role] = httpx.AsyncClient(
            transport=transport,
            base_url="http://cp",
            headers={"Authorization": f"Bearer {key}"},
        )
    return made


async def close(made: Organization) -> None:
    for client in made.clients.values():
        await client.aclose()


def assert_error(response: httpx.Response, status: int, param: str | None) -> None:
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (status, param)
    assert error["message"].endswith(".")


async def models(organization: Organization) -> list[str]:
    listed = (await organization.service.get("/v1/models")).json()
    return [model["id"] for model in listed["data"]]
