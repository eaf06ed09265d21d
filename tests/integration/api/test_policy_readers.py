"""Who sees which policies, and what they come to: `/admin/v1/policies/effective`."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from tests.integration.api.conftest import Organization, assert_error
from tests.integration.api.policy_scene import APP, ONE, POLICIES, TWO, key_of

from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.changes import Actor


async def other_application(organization: Organization) -> str:
    """A second application; answers the id of its key."""
    parts = organization.container
    await parts.configuration_repository.add_application(organization.id, "app-2", "Another")
    hasher = await parts.key_hasher.current()
    key, key_id = hasher.generate(), f"key-{uuid.uuid4().hex}"
    caller = Caller(organization.id, Role.SERVICE, application_id="app-2", key_id=key_id)
    stored = ApiKey(key_id, hasher.hash(key), caller)
    actor = Actor(organization.id, "event:test")
    await parts.key_repository.add(stored, name="second", prefix=key[:12], actor=actor)
    return key_id


async def test_organisations_do_not_see_each_other(
    organization: Organization, stranger: Organization
) -> None:
    key_id = await key_of(organization)
    for subject in (f"organization/{organization.id}", f"api-key/{key_id}"):
        place = f"{POLICIES}/{subject}"
        await organization.admin.put(place, json=ONE)
        for response in (
            await stranger.admin.get(place),
            await stranger.admin.put(place, json=TWO),
            await stranger.admin.delete(place),
            await stranger.admin.get(f"{place}/versions"),
            await stranger.admin.post(f"{place}/rollback", json={"version": 1}),
        ):
            assert response.status_code == 404
        assert (await organization.admin.get(place)).json()["document"] == ONE
    for query in ({"key_id": key_id}, {"application_id": "app-1", "key_id": key_id}):
        assert_error(await stranger.admin.get(f"{POLICIES}/effective", params=query), 404, "key_id")
    assert (await stranger.admin.get(POLICIES)).json()["data"] == []


@pytest.mark.parametrize("role", Role)
async def test_who_may(organization: Organization, role: Role) -> None:
    client = organization.clients[role]
    await organization.admin.put(APP, json=ONE)
    await organization.admin.put(APP, json=TWO)
    reads = 403 if role is Role.SERVICE else 200
    for place in (POLICIES, APP, f"{APP}/versions", f"{POLICIES}/effective?application_id=app-1"):
        assert (await client.get(place)).status_code == reads
    assert (await client.post(f"{POLICIES}/validate", json=ONE)).status_code == reads
    writes = 200 if role is Role.ADMIN else 403
    assert (await client.post(f"{APP}/rollback", json={"version": 1})).status_code == writes
    assert (await client.put(APP, json=TWO)).status_code == writes
    assert (await client.delete(APP)).status_code == (204 if role is Role.ADMIN else 403)


async def test_a_developer_sees_what_concerns_its_application(organization: Organization) -> None:
    foreign_key = await other_application(organization)
    own = {f"organization/{organization.id}", "application/app-1"}
    own.add(f"api-key/{await key_of(organization)}")
    foreign = {"application/app-2", f"api-key/{foreign_key}", "user/ana"}
    for subject in own | foreign:
        await organization.admin.put(f"{POLICIES}/{subject}", json=ONE)
    developer = organization.clients[Role.DEVELOPER]
    assert {row["id"] for row in (await developer.get(POLICIES)).json()["data"]} == own
    for subject in own | foreign:
        expected = 200 if subject in own else 404
        place = f"{POLICIES}/{subject}"
        assert (await developer.get(place)).status_code == expected
        assert (await developer.get(f"{place}/versions")).status_code == expected
    for query, status in (
        ({}, 200),
        ({"application_id": "app-1"}, 200),
        ({"key_id": await key_of(organization)}, 200),
        ({"application_id": "app-2"}, 404),
        ({"key_id": foreign_key}, 404),
        ({"user_id": "ana"}, 404),
    ):
        response = await developer.get(f"{POLICIES}/effective", params=query)
        assert response.status_code == status


async def test_effective_says_what_holds_and_where_from(organization: Organization) -> None:
    admin, key_id = organization.admin, await key_of(organization)
    month = {"from": "2000-01-01T00:00:00Z", "until": "2000-02-01T00:00:00Z"}
    documents: dict[str, dict[str, Any]] = {
        f"organization/{organization.id}": {
            "models": {"allow": ["gpt-*"]},
            "cost_caps": [{"usd": "5.5", "period": "month"}],
            "parameters": {"allow": ["temperature"]},
            "screening": {"pii": "redact"},
        },
        "application/app-1": {"mode": "shadow", "concurrency": 1, "max_output_tokens": 7},
        f"api-key/{key_id}": {"concurrency": 0, "valid": month},
    }
    for subject, document in documents.items():
        await admin.put(f"{POLICIES}/{subject}", json=document)
    response = await admin.get(f"{POLICIES}/effective", params={"key_id": key_id})
    found = response.json()
    assert (found["application_id"], found["key_id"], found["user_id"]) == ("app-1", key_id, None)
    assert found["version"] == "organization:1,application:1"
    policy = found["policy"]
    assert policy["models"] == {"allow": [["gpt-*"]]}
    assert policy["rate_limits"] == [{"scope": "app-1", "requests": 100, "window_seconds": 60}]
    assert policy["cost_caps"] == [{"scope": organization.id, "usd": "5.500000", "period": "month"}]
    assert (policy["concurrency"], policy["max_output_tokens"]) == ([], None)
    assert policy["parameters"] == {"allow": [["temperature"]], "deny": []}
    assert policy["screening"]["pii"] == "redact"
    assert policy["when_redis_is_down"] == {"rate": "open", "cost": "closed"}
    assert policy["store_payloads"] is False
    shadow = found["shadow"]
    assert shadow["version"] == "application:1"
    assert shadow["concurrency"] == [{"scope": "app-1", "requests": 1}]
    assert (shadow["max_output_tokens"], shadow["rate_limits"]) == (7, [])
    states = {row["level"]: (row["mode"], row["state"]) for row in found["documents"]}
    assert states == {
        "organization": ("enforce", "in_force"),
        "application": ("shadow", "in_force"),
        "api-key": ("enforce", "expired"),
    }
    later = {**documents[f"api-key/{key_id}"], "valid": {"from": "2999-01-01T00:00:00Z"}}
    await admin.put(f"{POLICIES}/api-key/{key_id}", json=later)
    found = (await admin.get(f"{POLICIES}/effective", params={"key_id": key_id})).json()
    assert [row["state"] for row in found["documents"] if row["level"] == "api-key"] == ["later"]
    assert found["policy"]["concurrency"] == []


async def test_effective_is_what_the_request_path_goes_by(organization: Organization) -> None:
    await organization.admin.put(APP, json={"rate_limits": [{"requests": 7, "window_seconds": 5}]})
    key_id = await key_of(organization)
    found = (
        await organization.admin.get(f"{POLICIES}/effective", params={"key_id": key_id})
    ).json()
    caller = Caller(organization.id, Role.SERVICE, application_id="app-1", key_id=key_id)
    rules = await organization.container.configuration_cache.of(caller)
    assert found["version"] == rules.policy.version
    assert [row["requests"] for row in found["policy"]["rate_limits"]] == [
        limit.capacity for limit in rules.policy.limits
    ]
