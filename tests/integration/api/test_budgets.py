"""`GET /admin/v1/budgets` and `GET /v1/me`: the numbers of the counters that refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.fixed_providers import FixedProviders
from tests.integration.api.conftest import Organization, assert_error, close, new_organization
from tests.integration.api.policy_scene import APP

from controlplane.config import Settings
from controlplane.domain.access import Role
from controlplane.domain.limits import Claim, Limit, Measure, Period
from controlplane.domain.routing import Route, Target
from controlplane.providers.echo import EchoProvider
from controlplane.wiring import Container

MODEL = "gpt-4o-mini"
BUDGETS, ME = "/admin/v1/budgets", "/v1/me"


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


async def chat(organization: Organization) -> httpx.Response:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 10}
    return await organization.service.post("/v1/chat/completions", json=body)


async def put(organization: Organization, path: str, document: dict[str, Any]) -> None:
    response = await organization.admin.put(path, json=document)
    assert response.status_code in (200, 201), response.text


async def budgets(client: httpx.AsyncClient, **query: Any) -> dict[str, dict[str, Any]]:
    response = await client.get(BUDGETS, params=query)
    assert response.status_code == 200, response.text
    return {row["name"]: row for row in response.json()["data"]}


@pytest.mark.usefixtures("whole_day")
async def test_budgets_headers_and_me_say_the_same(organization: Organization) -> None:
    tokens = {"token_limits": [{"tokens": 10_000, "window_seconds": 3600}]}
    caps = {"cost_caps": [{"usd": "5", "period": "day"}, {"usd": "1", "window_seconds": 3600}]}
    await put(organization, APP, tokens | caps)
    assert (await chat(organization)).status_code == 200
    answer = await chat(organization)
    shown = await budgets(organization.admin)
    assert shown.keys() == {"cost:app-1:day", "cost:app-1:3600s", "tokens:app-1:3600s"}
    day, rolling = shown["cost:app-1:day"], shown["cost:app-1:3600s"]
    cost = Decimal(answer.headers["x-llm-cp-cost-usd"])
    assert Decimal(day["spent"]) == 2 * cost > 0
    assert day["held"] == "0.000000"
    assert Decimal(day["left"]) == 5 - 2 * cost
    assert (day["limit"], day["state"], day["period"]) == ("5.000000", "open", "day")
    assert day["resets_at"].endswith("T00:00:00+00:00")
    assert (day["level"], day["subject_id"], day["subject_name"]) == (
        "application",
        "app-1",
        "An application",
    )
    assert rolling["projected"] is None
    assert rolling["window_seconds"] == 3600
    assert rolling["resets_at"] is not None
    # The header was written while the request itself held its upper bound.
    assert answer.headers["x-llm-cp-budget-name"] == "cost:app-1:3600s"
    assert answer.headers["x-llm-cp-budget-limit-usd"] == "1.000000"
    assert Decimal(answer.headers["x-llm-cp-budget-remaining-usd"]) < Decimal(rolling["left"]) < 1
    own = (await organization.service.get(ME)).json()
    left = {limit["name"]: limit["left"] for limit in own["limits"]}
    assert {name: row["left"] for name, row in shown.items()} == {
        name: left[name] for name in shown
    }
    # With this, no more is used: the next request finds one less than the look has shown.
    assert left["requests:app-1:60s"] == 98
    assert (await chat(organization)).headers["x-ratelimit-remaining-requests"] == "97"
    assert own["models"] == [MODEL]
    assert (own["role"], own["organization_id"]) == ("service", organization.id)
    assert "sk-cp" not in str(own)


async def test_what_is_held_is_not_left(organization: Organization) -> None:
    await put(organization, APP, {"cost_caps": [{"usd": "1", "period": "month"}]})
    limit = Limit(Measure.COST, "app-1", 1_000_000, Period.MONTH)
    ledger = organization.container.ledger
    await ledger.reserve(Claim("r", organization.id, (limit,), cost_microusd=990_000))
    (row,) = (await budgets(organization.admin)).values()
    assert (row["spent"], row["held"], row["left"], row["used_percent"]) == (
        "0.000000",
        "0.990000",
        "0.010000",
        99,
    )
    assert row["runs_out_at"] is None


async def test_a_lost_counter_is_lost_here_as_well(organization: Organization) -> None:
    await put(organization, APP, {"cost_caps": [{"usd": "1", "period": "month"}]})
    await organization.container.redis.run(
        lambda r: r.delete(f"cost:{{{organization.id}}}:app-1:month")
    )
    assert (await chat(organization)).status_code == 503
    (row,) = (await budgets(organization.admin)).values()
    assert (row["state"], row["left"], row["spent"], row["projected"]) == ("lost", None, None, None)
    own = (await organization.service.get(ME)).json()
    states = {limit["name"]: limit["state"] for limit in own["limits"]}
    assert states == {"requests:app-1:60s": "open", "cost:app-1:month": "lost"}


async def test_the_one_that_stops_its_callers_comes_first(organization: Organization) -> None:
    await put(organization, APP, {"cost_caps": [{"usd": "9", "period": "month"}]})
    of_all = f"/admin/v1/policies/organization/{organization.id}"
    await put(
        organization,
        of_all,
        {"cost_caps": [{"usd": "0", "period": "day"}, {"usd": "8", "period": "month"}]},
    )
    rows = (await organization.admin.get(BUDGETS, params={"limit": 2})).json()
    assert rows["total"] == 3
    assert len(rows["data"]) == 2
    assert rows["data"][0]["name"] == f"cost:{organization.id}:day"


async def test_a_developer_sees_its_own_application_and_its_keys(
    organization: Organization,
) -> None:
    keys = (await organization.admin.get("/admin/v1/api-keys")).json()["data"]
    key_id = keys[0]["id"]
    cap = {"cost_caps": [{"usd": "9", "period": "month"}]}
    made = await organization.admin.post("/admin/v1/applications", json={"name": "B", "id": "b"})
    assert made.status_code == 201
    await put(organization, APP, cap)
    await put(organization, "/admin/v1/policies/application/b", cap)
    await put(organization, f"/admin/v1/policies/api-key/{key_id}", cap)
    await put(organization, f"/admin/v1/policies/organization/{organization.id}", cap)
    own = {"cost:app-1:month", f"cost:{key_id}:month"}
    assert (await budgets(organization.clients[Role.DEVELOPER])).keys() == own
    every = {*own, "cost:app:b:month", f"cost:{organization.id}:month"}
    assert (await budgets(organization.admin)).keys() == every
    assert (await budgets(organization.clients[Role.VIEWER])).keys() == every
    assert (await budgets(organization.admin, application_id="app-1")).keys() == own
    assert (await budgets(organization.admin, application_id="b")).keys() == {"cost:app:b:month"}
    refused = await organization.clients[Role.DEVELOPER].get(
        BUDGETS, params={"application_id": "b"}
    )
    assert refused.status_code == 404


async def test_what_is_not_in_force_is_no_budget(organization: Organization) -> None:
    cap = {"cost_caps": [{"usd": "9", "period": "month"}]}
    await put(organization, APP, cap | {"mode": "shadow"})
    assert await budgets(organization.admin) == {}
    await put(organization, APP, cap | {"valid": {"from": "2099-01-01T00:00:00Z"}})
    assert await budgets(organization.admin) == {}
    await put(organization, APP, cap)
    assert await budgets(organization.admin, measure="tokens") == {}
    assert (await budgets(organization.admin, measure="cost")).keys() == {"cost:app-1:month"}
    assert_error(
        await organization.admin.get(BUDGETS, params={"measure": "requests"}), 400, "measure"
    )


async def test_all_counters_are_read_in_one_round_trip(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    caps = [{"usd": "5", "period": "day"}, {"usd": "50", "period": "month"}]
    await put(organization, APP, {"cost_caps": caps})
    await put(
        organization, f"/admin/v1/policies/organization/{organization.id}", {"cost_caps": caps}
    )
    assert len(await budgets(organization.admin)) == 4
    books, scripts = organization.container.ledger.books, list[Any]()
    read = books._read

    def noted(**given: Any) -> Any:
        scripts.append(given)
        return read(**given)

    monkeypatch.setattr(books, "_read", noted)
    assert len(await budgets(organization.admin)) == 4
    assert len(scripts) == 1


async def test_me_shows_what_the_credential_has_spent(organization: Organization) -> None:
    own = (await organization.service.get(ME)).json()
    assert own["spent_usd"] == {"today": "0.000000", "month": "0.000000"}
    assert (await organization.get_with("sk-cp-unknown", ME)).status_code == 401
