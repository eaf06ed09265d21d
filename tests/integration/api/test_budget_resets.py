"""Resets of budgets over the admin API."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.api.conftest import Organization, assert_error

RESET = "/admin/v1/budgets/reset"
CAPS = [
    {"usd": "5", "period": "month"},
    {"usd": "1", "period": "day", "time_zone": "Europe/Berlin", "per": "end_user"},
]
RATES = [{"requests": 5, "window_seconds": 60}]


@pytest.fixture
async def capped(organization: Organization) -> Organization:
    made = await organization.admin.post(
        "/admin/v1/applications", json={"name": "A", "id": "app-a"}
    )
    assert made.status_code == 201, made.text
    stored = await organization.admin.put(
        "/admin/v1/policies/application/app-a", json={"cost_caps": CAPS, "rate_limits": RATES}
    )
    assert stored.status_code == 201, stored.text
    return organization


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": "cost:app-a:month"},
        {"limit": "requests:app-a:60s"},
        {"limit": "cost:app-a:day@Europe/Berlin:end_user"},
        {"limit": "cost:app-a:day@Europe/Berlin:end_user", "end_user": "alice@example.com"},
    ],
)
async def test_a_reset_says_since_when_and_leaves_a_trace(
    capped: Organization, wanted: dict[str, Any]
) -> None:
    done = await capped.admin.post(RESET, json=wanted)
    assert done.status_code == 200, done.text
    changes = await capped.admin.get("/admin/v1/changes", params={"resource": "budget"})
    (change,) = changes.json()["data"]
    assert (change["action"], change["resource_id"]) == ("reset", wanted["limit"])
    assert change["after"]["reset_at"] == done.json()["reset_at"]
    assert "alice" not in changes.text


@pytest.mark.parametrize(
    ("wanted", "status", "param"),
    [
        ({"limit": "cost:app-a:week"}, 404, "limit"),
        ({"limit": "concurrency:app-a"}, 404, "limit"),
        ({"limit": "cost:app-a:month", "end_user": "alice"}, 400, "end_user"),
        ({"limit": "cost:app-a:month", "end_user": "a", "session_id": "s"}, 400, "session_id"),
        ({}, 400, "limit"),
    ],
)
async def test_what_cannot_be_reset_is_refused(
    capped: Organization, wanted: dict[str, Any], status: int, param: str
) -> None:
    assert_error(await capped.admin.post(RESET, json=wanted), status, param)
