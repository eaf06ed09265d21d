"""`/v1/models` over PostgreSQL and Valkey."""

from __future__ import annotations

import pytest
from tests.integration.api.conftest import Organization, add_policy, assert_error
from tests.wire_types import openai_types as openai

from controlplane.domain.policy import Level
from controlplane.domain.routing import Route, Target


async def test_models_are_those_that_the_policy_allows(organization: Organization) -> None:
    rules = organization.container.configuration_repository
    policy = {"models": {"allow": ["gpt-4o*", "org/*"]}}
    await add_policy(organization, Level.APPLICATION, "app-1", policy)
    for alias in ("gpt-4o", "gpt-4o*", "org/model", "claude"):
        await rules.add_route(organization.id, Route(alias, (Target("openai", "m"),)))
    listed = (await organization.service.get("/v1/models")).json()
    assert [model["id"] for model in listed["data"]] == ["gpt-4o", "org/model"]
    assert openai.MODELS.faults(listed) == []
    for model in listed["data"]:
        one = await organization.service.get(f"/v1/models/{model['id']}")
        assert one.json() == model
        assert openai.MODEL.faults(one.json()) == []


@pytest.mark.parametrize("model", ["claude", "gpt-4o-glob", "gpt-4o*", "nope", ""])
async def test_other_models_are_404(organization: Organization, model: str) -> None:
    rules = organization.container.configuration_repository
    policy = {"models": {"allow": ["gpt-4o*"]}}
    await add_policy(organization, Level.APPLICATION, "app-1", policy)
    for alias in ("gpt-4o*", "claude"):
        await rules.add_route(organization.id, Route(alias, (Target("openai", "m"),)))
    response = await organization.service.get(f"/v1/models/{model}")
    assert_error(response, 404, "model")
    assert response.json()["error"]["code"] == "model_not_found"


async def test_models_need_a_credential(organization: Organization) -> None:
    response = await organization.service.get("/v1/models", headers={"Authorization": "Bearer x"})
    assert_error(response, 401, None)
