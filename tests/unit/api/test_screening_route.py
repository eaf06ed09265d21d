"""`POST /admin/v1/screening/test`: what would be found and done, under the caller's policy."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.api.test_app import assert_envelope, client
from tests.unit.gateway.parts import Keys, gateway, policy

from controlplane.domain.access import Caller, Role

ADMIN = Caller("org-1", Role.ADMIN, application_id="app-1", key_id="k1")
PATH = "/admin/v1/screening/test"


def request(content: str) -> dict[str, Any]:
    return {"request": {"model": "m", "messages": [{"role": "user", "content": content}]}}


@pytest.mark.parametrize(
    ("screening", "action", "content"),
    [
        ({}, "block", "I am [EMAIL_1], really"),
        ({"pii": "redact"}, "redact", "I am [EMAIL_1], really"),
        ({"pii": "flag"}, "flag", "I am ana@example.com, really"),
        ({"pii": "off"}, "allow", "I am ana@example.com, really"),
        ({"allow": {"domains": ["example.com"]}}, "allow", "I am ana@example.com, really"),
    ],
)
async def test_the_answer(screening: dict[str, Any], action: str, content: str) -> None:
    made, sink = gateway(keys=Keys(ADMIN), documents=policy(screening=screening))
    async with client(made) as http:
        response = await http.post(PATH, json=request("I am ana@example.com, really"))
    finding = {"kind": "email", "place": "messages.0.content", "offset": 5, "length": 15}
    assert response.status_code == 200
    assert response.json() == {
        "action": action,
        "findings": [] if action == "allow" else [finding],
        "redacted": request(content)["request"],
    }
    assert sink.events == []


@pytest.mark.parametrize("body", [{}, {"request": "x"}, {"request": {"model": "m"}}])
async def test_a_bad_body_is_400(body: dict[str, Any]) -> None:
    made, _ = gateway(keys=Keys(ADMIN))
    async with client(made) as http:
        response = await http.post(PATH, json=body)
    assert response.status_code == 400
    assert_envelope(response)


async def test_a_service_key_may_not() -> None:
    made, _ = gateway()
    async with client(made) as http:
        response = await http.post(PATH, json=request("hello"))
    assert response.status_code == 403
