"""`/admin/v1/routes` over PostgreSQL and Valkey."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from tests.integration.api.conftest import Organization, assert_error, models

from controlplane.domain.access import Role
from controlplane.domain.changes import Actor
from controlplane.domain.routing import Route, Target
from controlplane.errors import NotFound

ROUTES = "/admin/v1/routes"
BODY = {"strategy": "priority", "targets": [{"provider": "openai", "model": "gpt-4o"}]}
OTHER = {"strategy": "priority", "targets": [{"provider": "vllm", "model": "llama"}]}


async def test_a_route_is_written_read_changed_and_deleted(organization: Organization) -> None:
    admin, place = organization.admin, f"{ROUTES}/gpt-4o"
    created = await admin.put(place, json=BODY)
    assert created.status_code == 201
    assert created.json() == {
        "alias": "gpt-4o",
        "strategy": "priority",
        "targets": [{"provider": "openai", "model": "gpt-4o", "weight": 1}],
        "timeouts": None,
        "fail_over_on": [],
        "unsupported": "refuse",
    }
    read = await admin.get(place)
    assert (read.status_code, read.json()) == (200, created.json())
    assert read.headers["etag"] == created.headers["etag"]
    change = {
        **OTHER,
        "strategy": "weighted",
        "timeouts": {"total_s": 60},
        "fail_over_on": ["content_filter"],
        "unsupported": "ignore",
    }
    changed = await admin.put(place, json=change)
    assert changed.status_code == 200
    assert changed.json()["timeouts"]["total_s"] == 60
    assert changed.json()["unsupported"] == "ignore"
    assert changed.headers["etag"] != created.headers["etag"]
    assert (await admin.get(place)).headers["etag"] == changed.headers["etag"]
    deleted = await admin.delete(place)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_error(await admin.get(place), 404, "alias")
    assert_error(await admin.delete(place), 404, "alias")


async def test_a_write_holds_from_the_next_request_on(organization: Organization) -> None:
    assert await models(organization) == []  # and now the empty list is cached
    await organization.admin.put(f"{ROUTES}/gpt-4o", json=BODY)
    assert await models(organization) == ["gpt-4o"]
    await organization.admin.delete(f"{ROUTES}/gpt-4o")
    assert await models(organization) == []


@pytest.mark.parametrize(
    "alias", ["meta-llama/Llama-3", "a/b/c", "name with spaces", "ünï/😀", "gpt-4o*", "a?b#c%2F"]
)
async def test_any_printable_alias_is_one(organization: Organization, alias: str) -> None:
    place = f"{ROUTES}/{quote(alias)}"
    created = await organization.admin.put(place, json=BODY)
    assert (created.status_code, created.json()["alias"]) == (201, alias)
    assert (await organization.admin.get(place)).json()["alias"] == alias
    assert (await organization.admin.delete(place)).status_code == 204


@pytest.mark.parametrize("alias", ["%00", "a%09b", "", "x" * 257])
async def test_other_aliases_are_none(organization: Organization, alias: str) -> None:
    place = f"{ROUTES}/{alias}"
    assert_error(await organization.admin.put(place, json=BODY), 400, "alias")
    assert_error(await organization.admin.get(place), 404, "alias")
    assert_error(await organization.admin.delete(place), 404, "alias")


async def test_a_bad_body_is_named(organization: Organization) -> None:
    place = f"{ROUTES}/m"
    unknown = {**BODY, "targets": [{"provider": "nobody", "model": "m"}]}
    assert_error(await organization.admin.put(place, json=unknown), 400, "targets.0.provider")
    assert_error(await organization.admin.put(place, content=b"{"), 400, None)
    assert_error(await organization.admin.put(place, content=b"[]"), 400, None)
    assert (await organization.admin.get(place)).status_code == 404


async def test_conditions_of_a_write(organization: Organization) -> None:
    admin, place = organization.admin, f"{ROUTES}/m"
    assert_error(await admin.put(place, json=BODY, headers={"If-Match": "*"}), 412, "If-Match")
    first = await admin.put(place, json=BODY, headers={"If-None-Match": "*"})
    assert first.status_code == 201
    again = await admin.put(place, json=OTHER, headers={"If-None-Match": "*"})
    assert_error(again, 412, "If-None-Match")
    tag = first.headers["etag"]
    second = await admin.put(place, json=OTHER, headers={"If-Match": tag})
    assert second.status_code == 200
    lost = await admin.put(place, json={**OTHER, "strategy": "weighted"}, headers={"If-Match": tag})
    assert_error(lost, 412, "If-Match")
    assert_error(await admin.delete(place, headers={"If-Match": tag}), 412, "If-Match")
    assert (await admin.get(place)).json()["targets"][0]["provider"] == "vllm"
    tag = second.headers["etag"]
    assert (await admin.delete(place, headers={"If-Match": tag})).status_code == 204


async def test_the_same_write_again_succeeds_whatever_it_demands(
    organization: Organization,
) -> None:
    admin, place = organization.admin, f"{ROUTES}/m"
    old = (await admin.put(place, json=BODY)).headers["etag"]
    for status in (200, 200):
        response = await admin.put(place, json=OTHER, headers={"If-Match": old})
        assert response.status_code == status


async def test_of_two_who_change_the_same_version_one_wins(organization: Organization) -> None:
    admin, place = organization.admin, f"{ROUTES}/m"
    tag = (await admin.put(place, json=BODY)).headers["etag"]
    changes = [{**BODY, "timeouts": {"total_s": seconds}} for seconds in range(1, 9)]
    writes = [admin.put(place, json=change, headers={"If-Match": tag}) for change in changes]
    statuses = sorted(response.status_code for response in await asyncio.gather(*writes))
    assert statuses == [200] + [412] * 7


async def test_of_two_who_create_one_wins(organization: Organization) -> None:
    place = f"{ROUTES}/m"
    bodies = [{**BODY, "timeouts": {"total_s": seconds}} for seconds in range(1, 9)]
    headers = {"If-None-Match": "*"}
    writes = [organization.admin.put(place, json=body, headers=headers) for body in bodies]
    statuses = sorted(response.status_code for response in await asyncio.gather(*writes))
    assert statuses == [201] + [412] * 7


async def test_after_many_writes_at_once_the_cache_says_what_the_database_says(
    organization: Organization,
) -> None:
    await models(organization)
    names = [f"m{n}" for n in range(12)]
    writes = [organization.admin.put(f"{ROUTES}/{name}", json=BODY) for name in names]
    assert {response.status_code for response in await asyncio.gather(*writes)} == {201}
    assert await models(organization) == sorted(names)


async def test_a_read_that_is_at_hand_already_is_304(organization: Organization) -> None:
    place = f"{ROUTES}/m"
    tag = (await organization.admin.put(place, json=BODY)).headers["etag"]
    unchanged = await organization.admin.get(place, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    await organization.admin.put(place, json=OTHER)
    fresh = await organization.admin.get(place, headers={"If-None-Match": tag})
    assert fresh.status_code == 200


async def test_pages(organization: Organization) -> None:
    names = [f"m{n}/é" for n in range(5)]
    for name in names:
        await organization.admin.put(f"{ROUTES}/{name}", json=BODY)
    seen: list[str] = []
    query: dict[str, Any] | None = {"limit": 2}
    pages = 0
    while query is not None:
        page = (await organization.admin.get(ROUTES, params=query)).json()
        seen += [route["alias"] for route in page["data"]]
        cursor = page["next_cursor"]
        query = None if cursor is None else {"limit": 2, "cursor": cursor}
        pages += 1
    assert (seen, pages) == (names, 3)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=%C2%B2", "limit"),
        (f"limit={'9' * 5000}", "limit"),
        ("cursor=%21", "cursor"),
        ("cursor=AA==", "cursor"),
        ("cursor=/w==", "cursor"),
        ("page=2", "page"),
    ],
)
async def test_bad_pages(organization: Organization, query: str, param: str) -> None:
    assert_error(await organization.admin.get(f"{ROUTES}?{query}"), 400, param)


@pytest.mark.parametrize("role", Role)
async def test_who_may(organization: Organization, role: Role) -> None:
    client, place = organization.clients[role], f"{ROUTES}/m"
    reads = 403 if role is Role.SERVICE else 200
    await organization.admin.put(place, json=BODY)
    assert (await client.get(ROUTES)).status_code == reads
    assert (await client.get(place)).status_code == reads
    assert (await client.put(place, json=OTHER)).status_code == (200 if role is Role.ADMIN else 403)
    assert (await client.delete(place)).status_code == (204 if role is Role.ADMIN else 403)
    assert (await client.get("/v1/models")).status_code == (403 if role is Role.VIEWER else 200)


async def test_organisations_do_not_see_each_other(
    organization: Organization, stranger: Organization
) -> None:
    place = f"{ROUTES}/m"
    await organization.admin.put(place, json=BODY)
    assert_error(await stranger.admin.get(place), 404, "alias")
    assert_error(await stranger.admin.delete(place), 404, "alias")
    assert (await stranger.admin.get(ROUTES)).json()["data"] == []
    assert (await stranger.admin.put(place, json=OTHER)).status_code == 201
    assert (await organization.admin.get(place)).json()["targets"][0]["provider"] == "openai"
    assert await models(organization) == ["m"]


async def test_an_organisation_that_nobody_made_is_404(organization: Organization) -> None:
    rules = organization.container.configuration_repository
    route = Route("m", (Target("openai", "m"),))
    with pytest.raises(NotFound):
        await rules.put_route(Actor("org-nobody", "user:eve"), route, lambda stored: None)
