"""A method that a path does not have: the answer names all that it has."""

from __future__ import annotations

from collections import defaultdict

import pytest
from tests.unit.api.test_app import app_over, client
from tests.unit.gateway.parts import gateway

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "PURGE")


def methods_by_path() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path, item in app_over(gateway()[0]).openapi()["paths"].items():
        found[path] |= {method.upper() for method in item}
    return found


@pytest.mark.parametrize(("path", "has"), methods_by_path().items())
async def test_all_methods_are_named(path: str, has: set[str]) -> None:
    made, _ = gateway()
    async with client(made) as http:
        for method in METHODS:
            if method in has:
                continue
            response = await http.request(method, path)
            assert response.status_code == 405, method
            assert set(response.headers["allow"].split(", ")) == has
            assert response.headers["x-request-id"].startswith("req_")
