"""The HTTP application."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from controlplane.api.errors import gateway_error_response, http_exception_response
from controlplane.api.middleware import RequestScope
from controlplane.api.routers import chat, embeddings, health, models
from controlplane.api.routers.admin import requests, routes, screening
from controlplane.errors import GatewayError
from controlplane.wiring import Container, container

DESCRIPTION = """
OpenAI's API, with your organisation's rules in front of it: who is calling, what may leave,
how much, and where it goes. Every answer has an `x-request-id`, and an audit record under it.
"""


def create_app(parts: Container | None = None) -> FastAPI:
    """The app over `parts`, or over the container of this process. Opens no connection."""
    app = FastAPI(
        title="LLM Control Plane",
        version="1",
        description=DESCRIPTION,
        redirect_slashes=False,
        exception_handlers={
            GatewayError: gateway_error_response,
            HTTPException: http_exception_response,
        },
    )
    app.state.container = parts or container()
    app.add_middleware(RequestScope)
    for part in (chat, embeddings, models, health, requests, routes, screening):
        app.include_router(part.router)
    return app
