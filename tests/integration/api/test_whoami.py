"""`GET /admin/v1/whoami`: what the credential says, to every role."""

from __future__ import annotations

from tests.integration.api.conftest import Organization, assert_error

from controlplane.domain.access import Role

WHOAMI = "/admin/v1/whoami"


async def test_every_role_sees_itself(organization: Organization) -> None:
    found = {}
    for role, client in organization.clients.items():
        response = await client.get(WHOAMI)
        assert response.status_code == 200
        found[role] = response.json()
    assert found.keys() == set(Role)
    subjects = {body.pop("subject") for body in found.values()}
    assert len(subjects) == len(Role)
    assert all(subject.startswith("key:key-") for subject in subjects)
    assert found == {
        role: {"organization_id": organization.id, "role": role.value, "application_id": "app-1"}
        for role in Role
    }


async def test_nobody_else_sees_anything(organization: Organization) -> None:
    response = await organization.get_with("sk-cp-unknown", WHOAMI)
    assert response.status_code == 401
    assert organization.id not in response.text


async def test_there_is_nothing_to_ask_for(
    organization: Organization, stranger: Organization
) -> None:
    response = await organization.admin.get(WHOAMI, params={"org_id": stranger.id})
    assert_error(response, 400, "org_id")
