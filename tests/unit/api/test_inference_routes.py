"""Embeddings and models over HTTP, and what the OpenAPI document says of them and of routes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.api.test_app import app_over, assert_envelope, client
from tests.unit.gateway.parts import Book, Keys, gateway
from tests.wire_types.anthropic_types import MODEL_INFO, MODELS_PAGE

from controlplane.admin.models.model import read
from controlplane.admin.models.routes import EXAMPLES, RouteDocument, RouteShown
from controlplane.admin.routes import route_of
from controlplane.domain.access import Caller, Role
from controlplane.domain.routing import Route, Target
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


@pytest.mark.parametrize("name", ["a%0Ab", "m%0A", "%0D%0Am"])
async def test_a_name_with_a_line_break_is_a_model_that_is_not_there(name: str) -> None:
    made, _ = gateway()
    async with client(made) as http:
        response = await http.get(f"/v1/models/{name}")
    assert response.status_code == 404
    assert assert_envelope(response)["code"] == "model_not_found"


ANTHROPIC = {"anthropic-version": "2023-06-01"}


async def test_models_for_anthropic_s_clients() -> None:
    names = [f"claude-{n}" for n in range(5)]
    routes = {name: Route(name, (Target("echo", "echo-1"),)) for name in names}
    made, _ = gateway(configuration=Book(routes=routes))
    pages: dict[str, tuple[list[str], bool]] = {
        "": (names, False),
        "?limit=1000": (names, False),
        "?limit=2": (names[:2], True),
        "?limit=2&after_id=claude-1": (names[2:4], True),
        "?limit=2&after_id=claude-2": (names[3:], False),
        "?limit=2&before_id=claude-3": (names[1:3], True),
        "?after_id=z": ([], False),
    }
    async with client(made) as http:
        for query, (shown, has_more) in pages.items():
            response = await http.get(f"/v1/models{query}", headers=ANTHROPIC)
            page = response.json()
            assert MODELS_PAGE.faults(page) == []
            assert [each["id"] for each in page["data"]] == shown
            assert page["has_more"] is has_more
            assert page["first_id"] == (shown[0] if shown else None)
            assert page["last_id"] == (shown[-1] if shown else None)
        one = await http.get("/v1/models/claude-1", headers=ANTHROPIC)
    assert one.json()["display_name"] == "claude-1"
    assert MODEL_INFO.faults(one.json()) == []
    assert response.headers["request-id"].startswith("req_")


@pytest.mark.parametrize("headers", [{}, ANTHROPIC])
@pytest.mark.parametrize("path", ["/v1/models", "/openai/v1/models"])
@pytest.mark.parametrize(
    "query",
    [
        *(f"limit={limit}" for limit in ("", "0", "1001", "-1", "x", "null", "1e3", "99999999999")),
        "limit=1&limit=2",
    ],
)
async def test_a_page_has_a_size(query: str, path: str, headers: dict[str, str]) -> None:
    made, _ = gateway()
    async with client(made) as http:
        response = await http.get(f"{path}?{query}", headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "limit"


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
