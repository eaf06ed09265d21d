"""Every write leaves one change behind; nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.api.conftest import Organization, assert_error
from tests.integration.api.documented import Call, Operation, operations

from controlplane.domain.access import Role

CHANGES = "/admin/v1/changes"
ROUTE = {"strategy": "priority", "targets": [{"provider": "vllm", "model": "llama"}]}
CAP = {"usd": "5", "period": "month"}
# What the documented examples name, and what a path is filled with. A new parameter fails here.
OWN = {
    "application_id": "app-support",
    "alias": "gpt-4o",
    "provider": "openai",
    "model": "gpt-4o",
    "level": "application",
    "subject_id": "app-support",
}
# Where the example does not fit what is there.
UNLIKE_THE_EXAMPLE: dict[str, dict[str, Any]] = {
    "/admin/v1/applications": {"id": "app-other"},
    "/admin/v1/policies/{level}/{subject_id}/rollback": {"version": 1},
}
WRITES = [one for one in operations() if one.is_admin and one.writes]
CONDITIONAL = [one for one in WRITES if "If-Match" in one.names("header")]


async def changes(organization: Organization, **query: Any) -> list[dict[str, Any]]:
    response = await organization.admin.get(CHANGES, params={"limit": 200, **query})
    assert response.status_code == 200, response.text
    listed: list[dict[str, Any]] = response.json()["data"]
    return listed


async def furnish(organization: Organization) -> dict[str, str]:
    """Something for every kind of path to name; answers the values of the parameters."""
    admin = organization.admin
    made = []
    application = {"name": "Support", "id": OWN["application_id"]}
    made.append(await admin.post("/admin/v1/applications", json=application))
    key = {"application_id": OWN["application_id"], "name": "k"}
    made.append(await admin.post("/admin/v1/api-keys", json=key))
    policy = f"/admin/v1/policies/{OWN['level']}/{OWN['subject_id']}"
    for most in (10, 20):
        made.append(await admin.put(policy, json={"max_output_tokens": most, "cost_caps": [CAP]}))
    made.append(await admin.put(f"/admin/v1/routes/{OWN['alias']}", json=ROUTE))
    price = f"/admin/v1/prices/{OWN['provider']}/{OWN['model']}"
    made.append(await admin.put(price, json={"input": "1", "output": "1"}))
    for response in made:
        assert response.status_code in (200, 201), response.text
    return {**OWN, "organization_id": organization.id, "key_id": made[1].json()["id"]}


def call_of(operation: Operation, values: dict[str, str]) -> Call:
    """The documented example, for what is there."""
    body = operation.body()
    if body is not None:
        body |= UNLIKE_THE_EXAMPLE.get(operation.path, {})
    return Call(operation, {name: values[name] for name in operation.names("path")}, body=body)


@pytest.mark.parametrize("operation", WRITES, ids=str)
async def test_a_write_is_one_change(organization: Organization, operation: Operation) -> None:
    values = await furnish(organization)
    before = await changes(organization)
    response = await call_of(operation, values).send(organization.admin)
    assert response.status_code in (200, 201, 204), response.text
    after = await changes(organization)
    (change,) = after[: len(after) - len(before)]
    assert after[1:] == before
    assert change["request_id"] == response.headers["x-request-id"]
    assert change["actor"].startswith("key:key-")
    assert (change["before"], change["after"]) != (None, None)
    assert change["before"] != change["after"]
    if operation.method == "DELETE":
        assert change["before"] is not None
    key = response.json().get("key") if response.content else None
    assert key is None or key not in str(change)


@pytest.mark.parametrize("operation", WRITES, ids=str)
async def test_a_write_that_is_refused_is_none(
    organization: Organization, operation: Operation
) -> None:
    values = await furnish(organization)
    before = await changes(organization)
    call = call_of(operation, values)
    makes_what_is_new = operation.method == "PUT" and "subject_id" not in call.path
    if call.path and not makes_what_is_new:
        of_nobody = {**values, **dict.fromkeys(call.path, "x"), "level": "organization"}
        unknown = await call_of(operation, of_nobody).send(organization.admin)
        assert unknown.status_code in (400, 404), unknown.text
    if call.body is not None:
        call.body["nonsense"] = 1
        nonsense = await call.send(organization.admin)
        assert_error(nonsense, 400, "nonsense")
    assert call.path or call.body is not None
    assert await changes(organization) == before


@pytest.mark.parametrize("operation", CONDITIONAL, ids=str)
async def test_a_write_under_a_condition_that_fails_is_none(
    organization: Organization, operation: Operation
) -> None:
    values = await furnish(organization)
    before = await changes(organization)
    organization.admin.headers["If-Match"] = '"of another time"'
    response = await call_of(operation, values).send(organization.admin)
    del organization.admin.headers["If-Match"]
    assert_error(response, 412, "If-Match")
    assert await changes(organization) == before


def test_every_change_of_what_is_there_can_be_under_a_condition() -> None:
    unconditional = [str(one) for one in WRITES if one not in CONDITIONAL]
    assert unconditional == [
        "POST /admin/v1/applications",
        "POST /admin/v1/api-keys",
        "POST /admin/v1/budgets/reset",
    ]


async def test_pages_and_filters(organization: Organization) -> None:
    values = await furnish(organization)
    everything = await changes(organization)
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] | None = {"limit": 3}
    while query is not None:
        page = (await organization.admin.get(CHANGES, params=query)).json()
        seen += page["data"]
        cursor = page["next_cursor"]
        query = None if cursor is None else {"limit": 3, "cursor": cursor}
    assert seen == everything
    times = [change["occurred_at"] for change in everything]
    assert times == sorted(times, reverse=True)
    keys = await changes(organization, resource="api-key", resource_id=values["key_id"])
    assert [change["action"] for change in keys] == ["create"]
    actor = everything[0]["actor"]
    assert await changes(organization, actor=actor, **{"from": times[2]}) == everything[:3]
    assert await changes(organization, to=times[2]) == everything[3:]
    assert await changes(organization, actor="user:nobody") == []
    day = times[0][:10]
    assert await changes(organization, to="2020-01-01") == []
    assert await changes(organization, to=day) == everything


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("who=ada", "who"),
        ("actor=%00", "actor"),
        ("resource_id=%0A", "resource_id"),
        ("limit=201", "limit"),
        ("cursor=eA==", "cursor"),
        ("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "cursor"),
    ],
)
async def test_bad_queries(organization: Organization, query: str, param: str) -> None:
    assert_error(await organization.admin.get(f"{CHANGES}?{query}"), 400, param)


async def test_administrators_alone_see_changes(organization: Organization) -> None:
    for role, client in organization.clients.items():
        expected = 200 if role is Role.ADMIN else 403
        assert (await client.get(CHANGES)).status_code == expected
