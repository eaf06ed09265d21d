"""The HTTP application."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from controlplane.api.errors import (
    gateway_error_response,
    http_exception_response,
    part_missing_response,
)
from controlplane.api.middleware import RequestMiddleware
from controlplane.api.openapi import DocumentedApp
from controlplane.api.routers import chat, embeddings, health, models
from controlplane.api.routers.admin import (
    api_keys,
    applications,
    changes,
    organizations,
    policies,
    prices,
    providers,
    requests,
    routes,
    screening,
    usage,
    whoami,
)
from controlplane.errors import ConfigurationError, GatewayError, Unreachable
from controlplane.wiring import Container, container

DESCRIPTION = """
OpenAI's API, with your organisation's rules in front of it: who is calling, what may leave,
how much, and where it goes. Every answer has an `x-request-id`, and an audit record under it.
"""

ADMIN_RESOURCES = (
    whoami,
    organizations,
    applications,
    api_keys,
    policies,
    routes,
    providers,
    prices,
    usage,
    requests,
    changes,
    screening,
)


def create_app(parts: Container | None = None) -> FastAPI:
    """The app over `parts`, or over the container of this process. Opens no connection."""
    app = DocumentedApp(
        title="LLM Control Plane",
        version="1",
        description=DESCRIPTION,
        redirect_slashes=False,
        exception_handlers={
            GatewayError: gateway_error_response,
            HTTPException: http_exception_response,
            ConfigurationError: part_missing_response,
            Unreachable: part_missing_response,
        },
    )
    app.state.container = parts or container()
    app.add_middleware(RequestMiddleware)
    for part in (chat, embeddings, models, health):
        app.include_router(part.router)
    for resource in ADMIN_RESOURCES:
        app.include_router(resource.router)
    return app
