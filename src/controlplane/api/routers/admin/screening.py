"""What screening would find in a request, and do, under the caller's own policy."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.access import Permitted
from controlplane.api.inbound import read_call
from controlplane.domain.body import parse_object
from controlplane.domain.chat import parse_chat_request
from controlplane.errors import InvalidRequest, Unavailable, Unreachable
from controlplane.gateway.screen import inspect
from controlplane.policy.screening import SCREENING, Action
from controlplane.screening.redact import redact

router = APIRouter(prefix="/admin/v1/screening", tags=["admin: screening"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["request"]},
                "example": {
                    "request": {
                        "model": "gpt-4o-mini",
                        "messages": [{"role": "user", "content": "I am ana@example.com"}],
                    }
                },
            }
        },
    },
    "responses": {
        "200": {
            "description": "What was found, where, and what the policy does with it.",
            "content": {
                "application/json": {
                    "example": {
                        "action": "redact",
                        "findings": [
                            {
                                "kind": "email",
                                "place": "messages.0.content",
                                "offset": 5,
                                "length": 15,
                            }
                        ],
                        "redacted": {
                            "model": "gpt-4o-mini",
                            "messages": [{"role": "user", "content": "I am [EMAIL_1]"}],
                        },
                    }
                }
            },
        },
        "400": {"description": "Not a chat request; `param` names the field."},
        "503": {"description": "The policy could not be read."},
    },
}


@router.post("/test", summary="Try a chat request without sending it", openapi_extra=_BODY)
async def test_screening(request: Request, caller: Permitted) -> Response:
    """Nothing is sent, kept or recorded. `redacted` shows the request with a token for everything
    that the policy redacts or blocks."""
    document = parse_object((await read_call(request)).body)
    if not isinstance(document.get("request"), dict):
        raise InvalidRequest("You must provide 'request', a chat request.", param="request")
    body = parse_chat_request(orjson.dumps(document["request"])).body
    try:
        rules = await request.app.state.container.gateway.configuration.of(caller)
    except Unreachable as error:
        raise Unavailable("The policy cannot be read at the moment. Try again.") from error
    inspection = inspect(body, SCREENING.of(rules.policy))
    hidden = inspection.of(Action.REDACT, Action.BLOCK)
    answer = {
        "action": inspection.action,
        "findings": [
            {
                "kind": finding.kind,
                "place": finding.place,
                "offset": finding.offset,
                "length": finding.length,
            }
            for finding, _ in inspection.acted
        ],
        "redacted": redact(body, hidden, scope=inspection.scope) if hidden else body,
    }
    return Response(orjson.dumps(answer), media_type="application/json")
