"""Every error leaves as the protocol has it that is spoken at its path."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from controlplane.api.roles import ROLES
from controlplane.api.spoken import spoken
from controlplane.errors import (
    GatewayError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from controlplane.telemetry import count, log


def error_response(error: GatewayError, scope: Scope) -> Response:
    """Render one error for the request of an ASGI scope."""
    request_id = scope.get("state", {}).get("request_id", "")
    answer = spoken(scope).error_answer(error, request_id)
    return Response(
        answer.body,
        status_code=answer.status,
        media_type="application/json",
        headers=answer.headers,
    )


async def gateway_error_response(request: Request, error: Exception) -> Response:
    """Exception handler for our own errors."""
    assert isinstance(error, GatewayError)
    if isinstance(error, Unauthenticated):
        count("auth_failed", reason=error.reason)
    return error_response(error, request.scope)


async def part_missing_response(request: Request, error: Exception) -> Response:
    """Exception handler for a part that could not be made: a secret, say, that could not be read.

    The operator finds in the log which one.
    """
    log.error("part_missing", extra={"error": type(error).__name__, "problem": str(error)})
    unavailable = Unavailable("The gateway is not ready at the moment. Try again.")
    return error_response(unavailable, request.scope)


async def http_exception_response(request: Request, error: Exception) -> Response:
    """Exception handler for the framework's errors: no such path, no such method."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    found: GatewayError = InvalidRequest("The request is invalid.")
    if error.status_code == 404:
        found = NotFound(f"There is nothing at {path}. {_remedy(path)}")
    elif error.status_code == 405:
        # The framework names those of the first route at the path alone.
        allowed = ", ".join(request.app.methods_at(request.scope))
        found = MethodNotAllowed(
            f"{request.method} is not possible at {path}.", headers={"Allow": allowed}
        )
    return error_response(found, request.scope)


def _remedy(path: str) -> str:
    """What a caller who missed an endpoint of the API has most likely done."""
    if path.startswith("/v1/v1/"):
        return "The path begins with /v1 twice: take one of them out of the client's base URL."
    if f"/v1{path}" in _SERVED:
        return f"The client's base URL must end in /v1: {_SERVED[f'/v1{path}']}."
    if path.startswith("/admin"):
        return "The admin API is described at /docs; its paths begin with /admin/v1/."
    return f"This gateway serves {', '.join(_SERVED.values())}; /docs describes them."


_SERVED = {
    path: f"{method} {path.replace(':path', '')}"
    for method, path in ROLES
    if path.startswith("/v1/")
}
