"""Embeddings and models over HTTP, and what the OpenAPI document says of them and of routes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.api.test_app import app_over, assert_envelope, client
from tests.unit.gateway.parts import Keys, gateway

from controlplane.admin.models.model import read
from controlplane.admin.models.routes import EXAMPLES, RouteDocument, RouteShown
from controlplane.admin.routes import route_of
from controlplane.domain.access import Caller, Role
from controlplane.errors import Unreachable

BODY = {"model": "m", "input": ["hello", "there"]}


async def test_embeddings_and_their_headers() -> None:
    made, sink = gateway()
    async with client(made) as http:
        response = await http.post("/v1/embeddings", json=BODY)
    assert response.status_code == 200
    assert [item["index"] for item in response.json()["data"]] == [0, 1]
    headers = response.headers
    assert headers["x-request-id"] == sink.events[0].request_id
    assert (headers["x-llm-cp-provider"], headers["x-llm-cp-model"]) == ("echo", "echo-1")
    assert headers["x-llm-cp-attempts"] == "1"
    assert headers["x-ratelimit-remaining-requests"] == "99"
    assert sink.events[0].operation == "embeddings"


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"input": None}, 400, "input"),
        ({"model": "none"}, 404, "model"),
        ({"stream": True}, 400, "stream"),
    ],
)
async def test_bad_embeddings_are_the_envelope(
    change: dict[str, Any], status: int, param: str
) -> None:
    made, _ = gateway()
    async with client(made) as http:
        response = await http.post("/v1/embeddings", json=BODY | change)
    assert response.status_code == status
    assert assert_envelope(response)["param"] == param


async def test_models() -> None:
    made, _ = gateway()
    async with client(made) as http:
        listed = await http.get("/v1/models")
        one = await http.get("/v1/models/m")
        other = await http.get("/v1/models/org/unknown")
    model = {"id": "m", "object": "model", "created": 0, "owned_by": "echo"}
    assert listed.json() == {"object": "list", "data": [model]}
    assert one.json() == model
    assert other.status_code == 404
    assert assert_envelope(other)["code"] == "model_not_found"


async def test_models_without_a_store_are_503() -> None:
    class Down:
        async def of(self, caller: Caller) -> Any:
            raise Unreachable("postgresql")

    made, _ = gateway(configuration=Down())
    async with client(made) as http:
        response = await http.get("/v1/models")
    assert response.status_code == 503
    assert_envelope(response)


async def test_a_viewer_calls_no_models_and_sees_none() -> None:
    made, _ = gateway(keys=Keys(Caller("org-1", Role.VIEWER, application_id="app-1", key_id="k")))
    async with client(made) as http:
        listed, asked = await http.get("/v1/models"), await http.post("/v1/embeddings", json=BODY)
    assert (listed.status_code, asked.status_code) == (403, 403)


def test_the_openapi_document_has_examples_and_answers() -> None:
    made, _ = gateway()
    paths = app_over(made).openapi()["paths"]
    route = paths["/admin/v1/routes/{alias}"]
    assert set(route) == {"get", "put", "delete"}
    assert {"200", "201", "400", "403", "412", "503"} <= set(route["put"]["responses"])
    examples = route["put"]["requestBody"]["content"]["application/json"]["examples"]
    assert {"failover", "weighted", "glob"} == set(examples)
    for path in ("/v1/embeddings", "/v1/models", "/v1/models/{model}"):
        (operation,) = paths[path].values()
        assert operation["responses"]["200"]["content"]["application/json"]["example"]


def test_the_examples_are_routes() -> None:
    for name, example in EXAMPLES.items():
        alias, wanted = "gpt-*" if name == "glob" else "gpt-5.5", example["value"]
        made = route_of(alias, read(RouteDocument, wanted), ("openai", "azure"))
        assert RouteShown.model_validate(made.to_dict()).targets
    (shown,) = RouteShown.model_json_schema()["examples"]
    again = route_of("gpt-5.5", read(RouteDocument, shown), ("openai", "azure"))
    assert orjson.loads(orjson.dumps(again.to_dict())) == shown
