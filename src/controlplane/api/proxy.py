"""API Gateway, function URL and load balancer events through Mangum to the app."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson
from mangum import Mangum

from controlplane.api.app import create_app
from controlplane.errors import (
    ConfigurationError,
    GatewayError,
    InternalError,
    InvalidRequest,
    Unavailable,
)
from controlplane.telemetry import log, log_crash


def respond(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The proxy response; the caller gets the envelope even for an event that nobody can read."""
    try:
        if event.get("isBase64Encoded"):
            base64.b64decode(event.get("body") or "", validate=True)
        return _adapter()(dict(event), context)
    except binascii.Error:
        return _failure(InvalidRequest("The request body is not valid base64."))
    except ConfigurationError as error:
        log.error("configuration", extra={"problem": str(error)})
        return _failure(Unavailable("The gateway is not configured. The log says what is missing."))
    except Exception as error:  # the last place where the caller can be answered
        log_crash(error)
        return _failure(InternalError("The gateway failed. The log has the details."))


@cache
def _adapter() -> Mangum:
    # Lifespan events would run on every invocation.
    return Mangum(create_app(), lifespan="off")


def _failure(error: GatewayError) -> dict[str, Any]:
    return {
        "statusCode": error.status,
        "headers": {"content-type": "application/json", **error.headers},
        "body": orjson.dumps(error.envelope()).decode(),
        "isBase64Encoded": False,
    }
