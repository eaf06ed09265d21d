"""Calls of the admin API as its OpenAPI document describes them, so that a new route is among them
by itself."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast
from urllib.parse import quote

import httpx

from controlplane.api.app import create_app
from controlplane.wiring import Container

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    description: Mapping[str, Any] = field(repr=False, hash=False, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def names(self, where: str) -> list[str]:
        """Its parameters in `path`, `query` or `header`."""
        parameters = self.description.get("parameters", [])
        return [one["name"] for one in parameters if one["in"] == where]

    @property
    def is_admin(self) -> bool:
        return self.path.startswith("/admin/")

    @property
    def writes(self) -> bool:
        """Anything but a read or a trial."""
        return self.method != "GET" and not self.path.endswith(("/validate", "/test"))

    def body(self) -> dict[str, Any] | None:
        """The documented example, None where there is no body."""
        content = self._json()
        if content is None:
            return None
        if "example" in content:
            example = content["example"]
        elif "examples" in content:
            example = next(iter(content["examples"].values()))["value"]
        else:
            example = _resolved(content["schema"])["examples"][0]
        return cast(dict[str, Any], copy.deepcopy(example))

    def body_fields(self) -> list[str]:
        """The names that its body may have, or must."""
        schema = _resolved((self._json() or {}).get("schema", {}))
        return list(dict.fromkeys([*schema.get("properties", {}), *schema.get("required", [])]))

    def _json(self) -> Mapping[str, Any] | None:
        content = self.description.get("requestBody", {}).get("content", {})
        return cast("Mapping[str, Any] | None", content.get("application/json"))


@dataclass
class Call:
    """One request: what stands in its path, its query and its body."""

    operation: Operation
    path: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        path = self.operation.path
        for name, value in self.path.items():
            path = path.replace(f"{{{name}}}", quote(value))
        return await client.request(self.operation.method, path, params=self.query, json=self.body)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; making it opens no store."""
    return create_app(cast(Container, object())).openapi()


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return cast("Mapping[str, Any]", document()["components"]["schemas"][name]) if name else schema


def operations() -> Iterator[Operation]:
    """Every method of every path."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield Operation(method.upper(), path, item[method])
