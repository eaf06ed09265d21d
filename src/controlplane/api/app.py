"""The HTTP application."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from controlplane.api.deferred import DeferredRoutes
from controlplane.api.errors import (
    gateway_error_response,
    http_exception_response,
    part_missing_response,
)
from controlplane.api.middleware import RequestMiddleware
from controlplane.api.routers import chat, embeddings, health, models
from controlplane.domain.memory import DEFAULT_LIMIT_BYTES, Memory
from controlplane.errors import ConfigurationError, GatewayError, Unreachable
from controlplane.wiring import Container, container

DESCRIPTION = """
OpenAI's API and Anthropic's, with your organisation's rules in front of them: who is calling, what
may leave, how much, and where it goes. Every answer has an `x-request-id`, and an audit record
under it.
"""

# Most processes serve one protocol.
_DEFERRED: Mapping[tuple[str, ...], str] = {
    ("/v1/messages", "/api/hello"): "routers.messages",
    ("/v1/responses",): "routers.responses",
    ("/openai/",): "routers.azure",
    ("/v1/me",): "routers.me",
    ("/admin/",): "routers.admin",
    ("/docs", "/openapi.json"): "docs",
}
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class ControlPlane(FastAPI):
    """FastAPI with its own OpenAPI document, in which the deferred routes stand too."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        return self._document

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = import_module("controlplane.api.openapi").document(self)
        return document

    def methods_at(self, scope: Scope) -> list[str]:
        """What the routes at the path of an ASGI scope take."""
        here = [
            route
            for each in self.routes
            if each.matches(dict(scope))[0] is not Match.NONE
            for route in (each.router.routes if isinstance(each, DeferredRoutes) else [each])
        ]
        return [method for method in _METHODS if _serves(here, {**scope, "method": method})]

    def all_routes(self) -> list[BaseRoute]:
        """Every route, imported now where it was not."""
        return [
            route
            for each in self.routes
            for route in (each.router.routes if isinstance(each, DeferredRoutes) else [each])
        ]


def _serves(routes: Iterable[BaseRoute], scope: Scope) -> bool:
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


def create_app(parts: Container | None = None, memory: Memory | None = None) -> ControlPlane:
    """The app over `parts`, or over the container of this process, whose memory it then shares.
    Opens no connection."""
    if parts is None:
        parts = container()
        memory = parts.memory
    app = ControlPlane(
        title="LLM Control Plane",
        version="1",
        description=DESCRIPTION,
        redirect_slashes=False,
        openapi_url=None,
        exception_handlers={
            GatewayError: gateway_error_response,
            HTTPException: http_exception_response,
            ConfigurationError: part_missing_response,
            Unreachable: part_missing_response,
        },
    )
    app.state.container = parts
    app.add_middleware(RequestMiddleware, memory=memory or Memory(DEFAULT_LIMIT_BYTES))
    for part in (chat, embeddings, models, health):
        app.include_router(part.router)
    for prefixes, module in _DEFERRED.items():
        app.router.routes.append(DeferredRoutes(prefixes, f"controlplane.api.{module}"))
    return app
