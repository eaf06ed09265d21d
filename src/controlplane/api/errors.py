"""Every error leaves as OpenAI's envelope."""

from __future__ import annotations

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from controlplane.errors import (
    GatewayError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from controlplane.telemetry import count, log


def error_response(error: GatewayError) -> Response:
    """Render one error."""
    return Response(
        orjson.dumps(error.envelope()),
        status_code=error.status,
        media_type="application/json",
        headers=error.headers,
    )


async def gateway_error_response(_request: Request, error: Exception) -> Response:
    """Exception handler for our own errors."""
    assert isinstance(error, GatewayError)
    if isinstance(error, Unauthenticated):
        count("auth_failed", reason=error.reason)
    return error_response(error)


async def part_missing_response(_request: Request, error: Exception) -> Response:
    """Exception handler for a part that could not be made: a secret, say, that nobody could read.

    The operator finds in the log which one.
    """
    log.error("part_missing", extra={"error": type(error).__name__, "problem": str(error)})
    return error_response(Unavailable("The gateway is not ready at the moment. Try again."))


async def http_exception_response(request: Request, error: Exception) -> Response:
    """Exception handler for the framework's errors: no such path, no such method."""
    assert isinstance(error, HTTPException)
    known: dict[int, GatewayError] = {
        404: NotFound(f"There is nothing at {request.url.path}."),
        405: MethodNotAllowed(
            f"{request.method} is not possible at {request.url.path}.", headers=error.headers
        ),
    }
    return error_response(known.get(error.status_code) or InvalidRequest("The request is invalid."))
