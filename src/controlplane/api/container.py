"""The container of the process that serves a request."""

from __future__ import annotations

from starlette.requests import Request

from controlplane.wiring import Container


def container_of(request: Request) -> Container:
    """Everything that the request may be served with, typed."""
    parts: Container = request.app.state.container
    return parts
