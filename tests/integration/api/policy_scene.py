"""What the tests of policies share."""

from __future__ import annotations

from tests.integration.api.conftest import Organization

from controlplane.domain.access import Role

POLICIES = "/admin/v1/policies"
APP = f"{POLICIES}/application/app-1"
ONE, TWO = {"concurrency": 1}, {"concurrency": 2}


async def key_of(organization: Organization) -> str:
    """The id of a key of `app-1`: the one that asks."""
    client = organization.clients[Role.DEVELOPER]
    caller = await organization.container.key_cache.find(
        client.headers["authorization"].removeprefix("Bearer ")
    )
    assert caller is not None
    assert caller.key_id is not None
    return caller.key_id
