"""`POST /v1/responses`, in OpenAI's own schema."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.inference import respond
from controlplane.protocols.responses.protocol import PROTOCOL

router = APIRouter(tags=["inference"])

DESCRIPTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "OpenAI's request for a response. Items, tools and parameters that are not "
        'known here are passed on. `"store": false` is sent unless the policy has '
        "`stored_responses`.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["model"]},
                "example": {"model": "gpt-6-luna", "input": "Say hello.", "store": False},
            }
        },
    },
    "responses": {
        "200": {
            "description": "A response, or its events, in OpenAI's schema.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        }
    },
}


@router.post(
    "/v1/responses",
    summary="Create a response",
    openapi_extra=DESCRIPTION,
    response_class=Response,
)
async def create_response(request: Request) -> Response:
    """A response, or server-sent events where the request says `"stream": true`."""
    return await respond(request, PROTOCOL)
