"""`GET /admin/v1/providers`: the kinds, and what is configured, without addresses and keys."""

from __future__ import annotations

from tests.integration.api.conftest import PROVIDERS as CONFIGURED
from tests.integration.api.conftest import Organization, assert_error

from controlplane.domain.access import Role

PROVIDERS = "/admin/v1/providers"
ROWS = [
    {"kind": "anthropic", "configured": False, "providers": []},
    {"kind": "azure", "configured": True, "providers": ["azure"]},
    {"kind": "openai", "configured": True, "providers": ["openai", "vllm"]},
]


async def test_every_kind_says_what_is_configured(organization: Organization) -> None:
    response = await organization.admin.get(PROVIDERS)
    assert response.json() == {"data": ROWS, "next_cursor": None}
    for row in CONFIGURED.values():
        assert row.api_key not in response.text
        assert row.base_url not in response.text


async def test_it_is_a_list_like_any_other(organization: Organization) -> None:
    admin, rows, query = organization.admin, [], {"limit": "1"}
    while True:
        page = (await admin.get(PROVIDERS, params=query)).json()
        assert len(page["data"]) == 1
        rows += page["data"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert rows == ROWS
    assert_error(await admin.get(PROVIDERS, params={"kind": "azure"}), 400, "kind")


async def test_who_may(organization: Organization) -> None:
    for role, client in organization.clients.items():
        expected = 403 if role is Role.SERVICE else 200
        assert (await client.get(PROVIDERS)).status_code == expected
