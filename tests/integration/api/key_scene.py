"""Keys that are made and tried over HTTP."""

from __future__ import annotations

from typing import Any

from tests.integration.api.conftest import Organization

KEYS = "/admin/v1/api-keys"
NEW = {"application_id": "app-1", "name": "Production"}


async def make(organization: Organization, **fields: Any) -> dict[str, Any]:
    made = await organization.admin.post(KEYS, json={**NEW, **fields})
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


async def works(organization: Organization, key: dict[str, Any]) -> bool:
    status = (await organization.models_with(key["key"])).status_code
    assert status in (200, 401)
    return status == 200
