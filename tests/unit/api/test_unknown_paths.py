"""A path that does not exist: the error says what the caller has most likely meant."""

from __future__ import annotations

import pytest
from tests.unit.api.test_app import assert_envelope, client
from tests.unit.gateway.parts import gateway


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("/v1/v1/chat/completions", "begins with /v1 twice"),
        ("/chat/completions", "must end in /v1: POST /v1/chat/completions."),
        ("/models", "must end in /v1: GET /v1/models."),
        ("/v1/completions", "serves POST /v1/chat/completions, POST /v1/embeddings"),
        ("/v1/chat/completions/", "GET /v1/me; /docs describes them."),
        ("/admin/v2/policies", "begin with /admin/v1/"),
        ("/", "/docs describes them."),
    ],
)
async def test_an_unknown_path_is_told_what_exists(path: str, remedy: str) -> None:
    made, _ = gateway()
    async with client(made) as http:
        response = await http.post(path, json={})
    assert response.status_code == 404
    message = assert_envelope(response)["message"]
    assert message.startswith(f"There is nothing at {path}. ")
    assert remedy in message


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/chat/completions", {"model": "m"}, "messages"),
        ("/v1/embeddings", {"input": "text"}, "model"),
    ],
)
async def test_a_required_field_is_missing(path: str, body: dict[str, str], param: str) -> None:
    made, _ = gateway()
    headers = {"Authorization": "Bearer sk-cp-test"}
    async with client(made) as http:
        response = await http.post(path, json=body, headers=headers)
    error = assert_envelope(response)
    assert (response.status_code, error["param"]) == (400, param)
    assert error["message"] == f"'{param}' is missing."


async def test_a_model_without_a_route_says_who_adds_one() -> None:
    made, _ = gateway()
    body = {"model": "none", "messages": [{"role": "user", "content": "hello"}]}
    async with client(made) as http:
        response = await http.post(
            "/v1/chat/completions", json=body, headers={"Authorization": "Bearer sk-cp-test"}
        )
    error = assert_envelope(response)
    assert (response.status_code, error["code"]) == (404, "model_not_found")
    assert "PUT /admin/v1/routes/{alias}" in error["message"]
