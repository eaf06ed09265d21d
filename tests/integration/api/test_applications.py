"""`/admin/v1/applications` over PostgreSQL and Valkey."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.integration.api.conftest import Organization, assert_error

from controlplane.domain.access import Role

APPLICATIONS = "/admin/v1/applications"
KEYS = "/admin/v1/api-keys"


async def test_the_life_of_an_application(organization: Organization) -> None:
    admin = organization.admin
    made = await admin.post(APPLICATIONS, json={"name": "Support"})
    assert made.status_code == 201
    application_id = made.json()["id"]
    assert re.fullmatch(r"app-[0-9a-f]{12}", application_id)
    place = f"{APPLICATIONS}/{application_id}"
    read = await admin.get(place)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    lost = {"If-Match": '"x"'}
    assert_error(await admin.patch(place, json={"name": "x"}, headers=lost), 412, "If-Match")
    renamed = await admin.patch(
        place, json={"name": "Help"}, headers={"If-Match": made.headers["etag"]}
    )
    assert renamed.json() == {**made.json(), "name": "Help"}
    assert_error(await admin.delete(place, headers=lost), 412, "If-Match")
    for _ in range(2):
        deleted = await admin.delete(place)
        assert (deleted.status_code, deleted.content) == (204, b"")
    assert_error(await admin.get(place), 404, "application_id")
    assert_error(await admin.patch(place, json={"name": "x"}), 404, "application_id")
    listed = (await admin.get(APPLICATIONS)).json()["data"]
    assert [entry["id"] for entry in listed] == ["app-1"]


async def test_an_id_of_ones_own_choice_is_taken_for_ever(organization: Organization) -> None:
    admin = organization.admin
    body = {"name": "Support", "id": "app-support"}
    assert (await admin.post(APPLICATIONS, json=body)).json()["id"] == "app-support"
    assert_error(await admin.post(APPLICATIONS, json=body), 409, "id")
    await admin.delete(f"{APPLICATIONS}/app-support")
    assert_error(await admin.post(APPLICATIONS, json=body), 409, "id")


async def test_a_deleted_application_s_keys_end_with_it(organization: Organization) -> None:
    admin = organization.admin
    await admin.post(APPLICATIONS, json={"name": "Support", "id": "app-2"})
    keys = [
        (await admin.post(KEYS, json={"application_id": "app-2", "name": f"k{n}"})).json()
        for n in range(2)
    ]
    for key in keys:
        assert (await organization.models_with(key["key"])).status_code == 200
    assert (await admin.delete(f"{APPLICATIONS}/app-2")).status_code == 204
    for key in keys:
        assert (await organization.models_with(key["key"])).status_code == 401
        stored = (await admin.get(f"{KEYS}/{key['id']}")).json()
        assert stored["state"] == "revoked"
    new = await admin.post(KEYS, json={"application_id": "app-2", "name": "late"})
    assert_error(new, 404, "application_id")
    assert (await organization.service.get("/v1/models")).status_code == 200
    change = (await admin.get("/admin/v1/changes")).json()["data"][0]
    assert change["before"]["api_keys"] == sorted(key["id"] for key in keys)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": "x", "id": "App"}, "id"),
        ({"name": "x", "id": ""}, "id"),
        ({"name": "x", "id": "a" * 65}, "id"),
        ({"name": "x", "id": 7}, "id"),
        ({"name": "x", "org_id": "org-other"}, "org_id"),
    ],
)
async def test_a_bad_body(organization: Organization, body: dict[str, Any], param: str) -> None:
    assert_error(await organization.admin.post(APPLICATIONS, json=body), 400, param)


async def test_pages(organization: Organization) -> None:
    for n in range(4):
        await organization.admin.post(APPLICATIONS, json={"name": "x", "id": f"app-x{n}"})
    seen: list[str] = []
    query: dict[str, Any] | None = {"limit": 2}
    while query is not None:
        page = (await organization.admin.get(APPLICATIONS, params=query)).json()
        seen += [entry["id"] for entry in page["data"]]
        cursor = page["next_cursor"]
        query = None if cursor is None else {"limit": 2, "cursor": cursor}
    assert seen == ["app-1", "app-x0", "app-x1", "app-x2", "app-x3"]


async def test_a_developer_sees_its_own_a_viewer_all(organization: Organization) -> None:
    await organization.admin.post(APPLICATIONS, json={"name": "x", "id": "app-2"})
    developer, viewer = organization.clients[Role.DEVELOPER], organization.clients[Role.VIEWER]
    listed = (await developer.get(APPLICATIONS)).json()["data"]
    assert [entry["id"] for entry in listed] == ["app-1"]
    assert (await developer.get(f"{APPLICATIONS}/app-1")).status_code == 200
    assert_error(await developer.get(f"{APPLICATIONS}/app-2"), 404, "application_id")
    assert len((await viewer.get(APPLICATIONS)).json()["data"]) == 2
