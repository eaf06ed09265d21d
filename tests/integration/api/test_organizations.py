"""`/admin/v1/organizations` over PostgreSQL and Valkey."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.api.conftest import Organization, assert_error

from controlplane.domain.access import Role

ORGANIZATIONS = "/admin/v1/organizations"


async def test_an_organisation_sees_itself(
    organization: Organization, stranger: Organization
) -> None:
    place = f"{ORGANIZATIONS}/{organization.id}"
    own = (await organization.admin.get(place)).json()
    assert (own["id"], own["name"]) == (organization.id, "An organisation of one test")
    assert own.keys() == {"id", "name", "created_at"}
    page = (await organization.admin.get(ORGANIZATIONS)).json()
    assert page == {"data": [own], "next_cursor": None}
    for other in (stranger.id, "org-nobody", "%00"):
        assert_error(
            await organization.admin.get(f"{ORGANIZATIONS}/{other}"), 404, "organization_id"
        )


async def test_it_is_renamed_under_conditions(organization: Organization) -> None:
    admin, place = organization.admin, f"{ORGANIZATIONS}/{organization.id}"
    tag = (await admin.get(place)).headers["etag"]
    renamed = await admin.patch(place, json={"name": "Acme"}, headers={"If-Match": tag})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Acme")
    assert (await admin.get(place)).headers["etag"] == renamed.headers["etag"] != tag
    lost = await admin.patch(place, json={"name": "Other"}, headers={"If-Match": tag})
    assert_error(lost, 412, "If-Match")
    again = await admin.patch(place, json={"name": "Acme"}, headers={"If-Match": tag})
    assert again.status_code == 200
    unchanged = await admin.get(place, headers={"If-None-Match": renamed.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " x"}, "name"),
        ({"name": "x" * 257}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": 1}, "name"),
        ({"name": "x", "org_id": "org-other"}, "org_id"),
    ],
)
async def test_a_bad_name(organization: Organization, body: dict[str, Any], param: str) -> None:
    place = f"{ORGANIZATIONS}/{organization.id}"
    assert_error(await organization.admin.patch(place, json=body), 400, param)


async def test_who_may(organization: Organization) -> None:
    place = f"{ORGANIZATIONS}/{organization.id}"
    for role, client in organization.clients.items():
        reads = 403 if role is Role.SERVICE else 200
        assert (await client.get(place)).status_code == reads
        writes = 200 if role is Role.ADMIN else 403
        assert (await client.patch(place, json={"name": role.value})).status_code == writes
