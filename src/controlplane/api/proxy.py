"""API Gateway, function URL and load balancer events through Mangum to the app."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.handlers import APIGateway
from starlette.types import Message, Receive, Scope, Send

from controlplane.api.app import ControlPlane, create_app
from controlplane.api.errors import error_response
from controlplane.api.live import LIVE, Gone, LiveEvent
from controlplane.errors import (
    ConfigurationError,
    GatewayError,
    InternalError,
    InvalidRequest,
    Unavailable,
)
from controlplane.telemetry import log, log_crash
from controlplane.wiring import Container


def respond(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The proxy response; the caller gets the envelope even for an event that cannot be read.

    A LiveEvent is answered on the way, and `Answered` says with which status.
    """
    if isinstance(event, LiveEvent):
        return event.send_answer(partial(_stream, event, context))
    try:
        _check_base64(event)
        response: dict[str, Any] = _adapter()(dict(event), context)
        return response
    except Exception as error:  # the last place where the caller can be answered
        return _failure(_explained(error), event)


class _Finishing:
    """The app where nothing runs between two events: what a request has begun in the background
    ends with it."""

    def __init__(self, app: ControlPlane) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        try:
            await self._app(scope, receive, send)
        finally:
            parts: Container = self._app.state.container
            await parts.refreshes.finish()


async def _stream(event: LiveEvent, context: Any, gone: Gone, send: Send) -> None:
    """Run the app for an event of a REST API."""
    try:
        _check_base64(event)
        request = APIGateway(event, context, _adapter().config)
        scope = {**request.scope, LIVE: True}
        app, receive = _adapter().app, _once(request.body, gone)
    except Exception as error:  # the last place where the caller can be answered
        scope = {"type": "http", "path": event.get("path"), "headers": []}
        app = error_response(_explained(error), scope)
        receive = _once(b"", gone)
    await app(scope, receive, send)


def _once(body: bytes, gone: Gone) -> Receive:
    request: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if request:
            return request.pop()
        await gone()
        return {"type": "http.disconnect"}

    return receive


@cache
def _adapter() -> Mangum:
    # Lifespan events would run on every invocation.
    texts = [*DEFAULT_TEXT_MIME_TYPES, "application/x-ndjson"]
    return Mangum(_Finishing(create_app()), lifespan="off", text_mime_types=texts)


def _check_base64(event: Mapping[str, Any]) -> None:
    if event.get("isBase64Encoded"):
        base64.b64decode(event.get("body") or "", validate=True)


def _explained(error: Exception) -> GatewayError:
    """What the caller is told; what the operator needs is logged."""
    if isinstance(error, binascii.Error):
        return InvalidRequest("The request body is not valid base64.")
    if isinstance(error, ConfigurationError):
        log.error("configuration", extra={"problem": str(error)})
        return Unavailable("The gateway is not configured. The log says what is missing.")
    log_crash(error)
    return InternalError("The gateway failed. The log has the details.")


def _failure(error: GatewayError, event: Mapping[str, Any]) -> dict[str, Any]:
    path = event.get("rawPath") or event.get("path")
    response = error_response(error, {"type": "http", "path": path, "headers": []})
    return {
        "statusCode": response.status_code,
        "headers": dict(response.headers),
        "body": bytes(response.body).decode(),
        "isBase64Encoded": False,
    }
