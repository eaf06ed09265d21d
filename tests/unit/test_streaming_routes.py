"""The table that the function and the infrastructure share."""

from __future__ import annotations

import ast
import inspect
from typing import cast

from controlplane import streaming_routes
from controlplane.api.app import create_app
from controlplane.streaming_routes import STREAMING_ROUTES
from controlplane.wiring import Container


def test_every_streaming_route_is_one_of_the_app() -> None:
    paths = create_app(cast(Container, object())).openapi()["paths"]
    for method, path in STREAMING_ROUTES:
        assert method.lower() in paths[path]
        assert ":" not in path  # the resource of an event is compared as it is


def test_the_table_needs_nothing() -> None:
    tree = ast.parse(inspect.getsource(streaming_routes))
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))
