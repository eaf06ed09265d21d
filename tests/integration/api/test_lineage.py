"""A key that is rotated keeps its policy, its counters, its spend and its usage."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.fixed_providers import FixedProviders
from tests.integration.api.conftest import Organization, assert_error, close, new_organization
from tests.integration.api.key_scene import KEYS, make
from tests.integration.api.policy_scene import POLICIES

from controlplane.config import Settings
from controlplane.domain.routing import Route, Target
from controlplane.providers.echo import EchoProvider
from controlplane.wiring import Container

MODEL, OTHER = "gpt-4o-mini", "gpt-4o"
STOPPED = {"rate_limits": [{"requests": 0, "window_seconds": 60}]}
ONCE = {"rate_limits": [{"requests": 1, "window_seconds": 3600}]}
Key = dict[str, Any]


@pytest.fixture
async def organization(settings: Settings) -> AsyncIterator[Organization]:
    """An organisation with two models, both an echo under a provider's name that has prices."""
    container = Container(replace(settings, long_lived=True))
    container.providers = FixedProviders({"openai": EchoProvider()})
    made = await new_organization(container)
    for name in (MODEL, OTHER):
        await container.configuration_repository.add_route(
            made.id, Route(name, (Target("openai", name),))
        )
    yield made
    await close(made)
    await container.database.close()
    await container.redis.close()


async def ask(
    organization: Organization,
    key: Key,
    model: str = MODEL,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    message = {"role": "user", "content": "hello there"}
    return await organization.service.post(
        "/v1/chat/completions",
        json={"model": model, "messages": [message], "max_tokens": 10},
        headers={"Authorization": f"Bearer {key['key']}", **(headers or {})},
    )


async def status(organization: Organization, key: Key, model: str = MODEL) -> int:
    return (await ask(organization, key, model)).status_code


async def rotate(organization: Organization, key: Key, overlap_seconds: int = 3600) -> Key:
    answer = await organization.admin.post(
        f"{KEYS}/{key['id']}/rotate", json={"overlap_seconds": overlap_seconds}
    )
    assert answer.status_code == 201, answer.text
    rotated: Key = answer.json()
    return rotated


async def put(organization: Organization, key: Key, document: dict[str, Any]) -> httpx.Response:
    answer = await organization.admin.put(f"{POLICIES}/api-key/{key['id']}", json=document)
    assert answer.is_success, answer.text
    return answer


async def test_a_new_key_is_held_to_the_policy_of_the_old_one(organization: Organization) -> None:
    first = await make(organization)
    await put(organization, first, {"models": {"allow": [MODEL]}})
    assert await status(organization, first, OTHER) == 403
    second = await rotate(organization, first, 0)
    assert await status(organization, second) == 200
    assert await status(organization, second, OTHER) == 403
    third = await rotate(organization, second, 0)
    assert await status(organization, third, OTHER) == 403
    assert (third["replaces"], third["lineage"]) == (second["id"], first["id"])


async def test_a_stopped_key_stays_stopped(organization: Organization) -> None:
    first = await make(organization)
    await put(organization, first, STOPPED)
    assert await status(organization, first) == 429
    assert await status(organization, await rotate(organization, first, 0)) == 429


async def test_both_keys_of_an_overlap_share_the_counters(organization: Organization) -> None:
    first = await make(organization)
    await put(organization, first, ONCE)
    second = await rotate(organization, first)
    assert await status(organization, second) == 200
    assert [await status(organization, key) for key in (first, second)] == [429, 429]


async def test_what_the_old_key_has_spent_counts(organization: Organization) -> None:
    first = await make(organization)
    await put(organization, first, cap(Decimal("0.000001")))
    refused = (await ask(organization, first)).json()["error"]["message"]
    found = re.search(r"may cost ([0-9.]+) USD", refused)
    assert found is not None
    # A request costs two micro-dollars: there is room for two.
    await put(organization, first, cap(Decimal(found[1]) + Decimal("0.000003")))
    assert await status(organization, first) == 200
    second = await rotate(organization, first)
    assert [await status(organization, second) for _ in range(2)] == [200, 429]
    assert await status(organization, first) == 429


def cap(usd: Decimal) -> dict[str, Any]:
    return {"cost_caps": [{"usd": str(usd), "period": "month"}]}


async def test_a_retry_with_the_new_key_is_given_the_first_answer(
    organization: Organization,
) -> None:
    first = await make(organization)
    once = {"Idempotency-Key": uuid.uuid4().hex}
    answer = await ask(organization, first, headers=once)
    again = await ask(organization, await rotate(organization, first), headers=once)
    assert (answer.status_code, again.json()) == (200, answer.json())
    assert again.headers["x-llm-cp-replayed"] == "true"
    other = await ask(organization, await make(organization), headers=once)
    assert "x-llm-cp-replayed" not in other.headers


@pytest.mark.parametrize("asked", [0, 1, 2])
async def test_every_key_of_a_lineage_leads_to_its_one_document(
    organization: Organization, asked: int
) -> None:
    lineage = [await make(organization)]
    lineage.append(await rotate(organization, lineage[0]))
    lineage.append(await rotate(organization, lineage[1]))
    written = await put(organization, lineage[asked], ONCE)
    again = await put(organization, lineage[asked - 1], STOPPED)
    assert (written.json()["version"], again.json()["version"]) == (1, 2)
    for key in lineage:
        place = f"{POLICIES}/api-key/{key['id']}"
        read = await organization.admin.get(place)
        assert (read.json()["subject_id"], read.json()["document"]) == (lineage[0]["id"], STOPPED)
        assert read.headers["etag"] == again.headers["etag"]
        versions = (await organization.admin.get(f"{place}/versions")).json()["data"]
        assert [entry["version"] for entry in versions] == [2, 1]
        query = {"key_id": key["id"]}
        effective = (await organization.admin.get(f"{POLICIES}/effective", params=query)).json()
        assert effective["key_id"] == key["id"]
        assert [entry["subject_id"] for entry in effective["documents"]] == [lineage[0]["id"]]
    listed = (await organization.admin.get(POLICIES, params={"level": "api-key"})).json()["data"]
    assert [entry["id"] for entry in listed] == [f"api-key/{lineage[0]['id']}"]


async def test_going_back_and_removing_by_any_key(organization: Organization) -> None:
    first = await make(organization)
    await put(organization, first, {"models": {"allow": [MODEL]}})
    second = await rotate(organization, first)
    await put(organization, second, STOPPED)
    place = f"{POLICIES}/api-key/{second['id']}"
    back = await organization.admin.post(f"{place}/rollback", json={"version": 1})
    assert back.json()["version"] == 3
    assert [await status(organization, key, OTHER) for key in (first, second)] == [403, 403]
    stale = {"If-Match": '"of another version"'}
    assert_error(await organization.admin.delete(place, headers=stale), 412, "If-Match")
    assert (await organization.admin.delete(place)).status_code == 204
    assert [await status(organization, key, OTHER) for key in (first, second)] == [200, 200]
    assert (await organization.admin.delete(place)).status_code == 404


async def test_of_two_rotations_at_once_one_is_refused(organization: Organization) -> None:
    first = await make(organization)
    await put(organization, first, ONCE)
    place = f"{KEYS}/{first['id']}/rotate"
    answers = await asyncio.gather(*(organization.admin.post(place) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    listed = await organization.admin.get(KEYS, params={"lineage": first["id"]})
    assert len(listed.json()["data"]) == 2
    assert {key["lineage"] for key in listed.json()["data"]} == {first["id"]}


async def test_a_key_that_is_rotated_again_after_its_successor_was_revoked(
    organization: Organization,
) -> None:
    first = await make(organization)
    await put(organization, first, ONCE)
    lost = await rotate(organization, first)
    assert (await organization.admin.delete(f"{KEYS}/{lost['id']}")).status_code == 204
    second = await rotate(organization, first)
    assert second["lineage"] == first["id"]
    assert await status(organization, second) == 200
    assert await status(organization, first) == 429


async def test_a_lineage_is_found_by_any_of_its_keys_and_is_the_organisation_s(
    organization: Organization, stranger: Organization
) -> None:
    first = await make(organization)
    alone = await make(organization)
    second = await rotate(organization, first)
    for asked in (first, second):
        rows = await organization.admin.get(KEYS, params={"lineage": asked["id"]})
        assert [row["id"] for row in rows.json()["data"]] == [second["id"], first["id"]]
        foreign = await stranger.admin.get(KEYS, params={"lineage": asked["id"]})
        assert foreign.json()["data"] == []
    assert alone["lineage"] == alone["id"]
    place = f"{POLICIES}/api-key/{second['id']}"
    assert_error(await stranger.admin.put(place, json=ONCE), 404, "subject_id")
    assert_error(await stranger.admin.get(place), 404, "subject_id")
