"""The OpenAPI document: nothing in it is left for the reader to guess."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from controlplane.api.app import create_app
from controlplane.api.roles import ROLES
from controlplane.wiring import Container

OPEN = {"/health", "/health/ready", "/api/hello"}
APP = create_app(cast(Container, object()))
DOCUMENT = APP.openapi()
ALL = [
    (f"{method.upper()} {path}", operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
ADMIN = [(name, operation) for name, operation in ALL if " /admin/" in name]
described = pytest.mark.parametrize(
    "operation", [operation for _, operation in ADMIN], ids=[name for name, _ in ADMIN]
)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name] if name else schema
    return found


def examples(content: dict[str, Any]) -> list[Any]:
    """Those that stand beside the schema or in it; for a page those of its rows."""
    found = []
    for media in content.values():
        schema = resolved(media.get("schema", {}))
        rows = resolved(schema.get("properties", {}).get("data", {}).get("items", {}))
        found += [media.get("example"), *media.get("examples", {}).values()]
        found += [schema.get("example"), *schema.get("examples", ()), *rows.get("examples", ())]
    return [example for example in found if example is not None]


@described
def test_a_route_says_what_it_does(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]


@described
def test_every_parameter_is_described(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]


@described
def test_bodies_have_examples(operation: dict[str, Any]) -> None:
    if "requestBody" in operation:
        assert examples(operation["requestBody"]["content"])
    for status, response in operation["responses"].items():
        if status.startswith("2") and status != "204":
            assert examples(response["content"]), status


@described
def test_a_made_object_is_201_and_nothing_else(operation: dict[str, Any]) -> None:
    assert {"200", "201", "204"} & operation["responses"].keys()
    assert "422" not in operation["responses"]


def test_every_route_but_health_wants_the_credential_and_names_its_roles() -> None:
    for name, operation in ALL:
        path = name.partition(" ")[2]
        if path in OPEN:
            assert "security" not in operation
            continue
        assert operation["security"] == [{"credential": []}], name
        assert operation["x-roles"], name
        assert {"401", "403"} <= operation["responses"].keys()
    scheme = DOCUMENT["components"]["securitySchemes"]["credential"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert len(ALL) == len(ROLES) + len(OPEN)


def test_everything_that_is_returned_has_a_schema() -> None:
    for name, operation in ALL:
        for status, response in operation["responses"].items():
            if status.startswith("2") and status != "204":
                assert all(resolved(media["schema"]) for media in response["content"].values()), (
                    name
                )
                assert response["content"], (name, status)


def test_the_document_is_made_once_and_refers_to_nothing_that_is_missing() -> None:
    assert APP.openapi() is DOCUMENT
    names = set(re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)))
    assert names <= DOCUMENT["components"]["schemas"].keys()
    assert "HTTPValidationError" not in str(DOCUMENT)


def test_errors_have_one_shape() -> None:
    """Where one says more than the others, its example shows the same envelope."""
    for name, operation in ALL:
        for status, response in operation["responses"].items():
            if status < "400" or name.endswith(" /health/ready"):
                continue
            schema = response["content"]["application/json"].get("schema", {})
            if schema == {"$ref": "#/components/schemas/Error"}:
                continue
            for example in examples(response["content"]):
                assert {"message", "type", "param"} <= example["error"].keys()
            assert examples(response["content"]), (name, status)


MODELS = {"400", "401", "403", "404", "429", "502", "503", "504"}


@pytest.mark.parametrize(("name", "operation"), ALL, ids=[name for name, _ in ALL])
def test_every_status_that_a_route_can_have_is_there(name: str, operation: dict[str, Any]) -> None:
    _, _, path = name.partition(" ")
    expected = set() if path in OPEN else {"401", "403", "503"}
    parameters = {one["in"] for one in operation.get("parameters", ())}
    if "query" in parameters:
        expected |= {"400"}
    if "requestBody" in operation:
        expected |= {"400", "413"}
    if not path.startswith("/admin/") and ("requestBody" in operation or "/responses/" in path):
        expected |= MODELS
    if not path.startswith("/admin/") and "requestBody" in operation:
        expected |= {"409", "422"}
    if any(one["name"] == "If-Match" for one in operation.get("parameters", ())):
        expected |= {"412"}
    assert expected - operation["responses"].keys() == set()
    assert "415" not in operation["responses"], "a body is read whatever its content type says"
