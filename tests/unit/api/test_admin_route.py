"""How the admin API takes a request: the caller, then the body, then all faults at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from tests.unit.api.test_app import ADMIN, assert_envelope, client
from tests.unit.gateway.parts import Keys, gateway

from controlplane.api.inbound import MAX_BODY_BYTES
from controlplane.domain.access import Caller, Role

APPLICATIONS, VALIDATE = "/admin/v1/applications", "/admin/v1/policies/validate"
POLICY = b'{"concurrency": 1}'
SECRET = "sk-cp-xyzzy"


async def send(method: str, path: str, keys: Keys = ADMIN, **request: Any) -> httpx.Response:
    made, _ = gateway(keys=keys)
    async with client(made) as http:
        return await http.request(method, path, **request)


@pytest.mark.parametrize(
    "content_type", [None, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
async def test_a_body_is_json_whatever_its_content_type_says(content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await send("POST", VALIDATE, content=POLICY, headers=headers)
    assert (response.status_code, response.json()) == (200, {"valid": True})


@pytest.mark.parametrize(("credential", "status"), [({"Authorization": ""}, 401), ({}, 403)])
async def test_the_body_of_a_caller_who_may_not_is_not_read(
    credential: dict[str, str], status: int
) -> None:
    read = 0

    async def endless() -> AsyncGenerator[bytes, None]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 1_000

    service = Keys(Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k"))
    response = await send("POST", APPLICATIONS, service, content=endless(), headers=credential)
    assert response.status_code == status
    assert_envelope(response)
    assert read == 0


@pytest.mark.parametrize(
    ("content", "status", "told"),
    [
        (b"", 400, "The request body is not valid JSON."),
        (b"{", 400, "The request body is not valid JSON."),
        (b'{"name": NaN}', 400, "The request body is not valid JSON."),
        (b"[]", 400, "The request body must be a JSON object."),
        (b'{"a":' * 70 + b"1" + b"}" * 70, 400, "nested deeper than 64 levels."),
        (b" " * (MAX_BODY_BYTES + 1), 413, "larger than"),
    ],
)
async def test_other_bodies_are_none(content: bytes, status: int, told: str) -> None:
    response = await send("POST", APPLICATIONS, content=content)
    assert response.status_code == status
    assert told in assert_envelope(response)["message"]


async def test_all_faults_of_a_body_are_told_and_nothing_of_it_is_repeated() -> None:
    body = {"name": f"{SECRET}\n", "id": SECRET.upper(), "weight": SECRET}
    response = await send("POST", APPLICATIONS, json=body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert error == {
        "message": "The request has 3 faults. The first: 'name' must be a string of 1 to 256 "
        "printable characters, no space at either end.",
        "type": "invalid_request_error",
        "param": "name",
        "code": None,
        "errors": [
            {
                "field": "name",
                "message": "must be a string of 1 to 256 printable characters, no space at either "
                "end",
            },
            {"field": "id", "message": "must be 1 to 64 of the characters a-z, 0-9 and '-'"},
            {"field": "weight", "message": "is not a known field (known: name, id)"},
        ],
    }


@pytest.mark.parametrize(
    ("query", "param", "told"),
    [
        ("limit=1&limit=2", "limit", "may be given once."),
        ("limit=+1", "limit", "must be an integer from 1 to 200"),
        ("limit=1_0", "limit", "must be an integer from 1 to 200"),
        ("format=xml", "format", "must be json, csv or jsonl."),
        ("format=csv&limit=10001", "limit", "or to 10000 for a file."),
        ("status=42", "status", "must be a status such as 429"),
        (f"x%0A=1&{'y' * 99}=1", "?", "is not a known parameter (known: from, to,"),
        ("min_cost=-1", "min_cost", "must be US dollars such as 0.25."),
        ("from=2026-13-01", "from", "must be a date such as 2026-11-30."),
    ],
)
async def test_faults_of_a_query(query: str, param: str, told: str) -> None:
    response = await send("GET", f"/admin/v1/requests?{query}")
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (400, param)
    assert told in error["message"]


async def test_what_the_path_names_wrongly_is_404() -> None:
    response = await send("GET", "/admin/v1/policies/team/x")
    assert response.status_code == 404
    error = assert_envelope(response)
    assert error["param"] == "level"
    assert error["message"].startswith("'level' must be one of organization,")


async def test_an_unknown_path_and_an_unknown_method() -> None:
    unknown, denied = await send("GET", "/admin/v1/teams"), await send("PUT", APPLICATIONS)
    assert (unknown.status_code, denied.status_code) == (404, 405)
    message = assert_envelope(unknown)["message"]
    assert message.startswith("There is nothing at /admin/v1/teams. ")
    assert "GET" in denied.headers["allow"]
