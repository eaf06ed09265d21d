"""`POST /v1/chat/completions`, in OpenAI's own schema."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.inference import respond
from controlplane.protocols.chat_completions.protocol import PROTOCOL

router = APIRouter(tags=["inference"])

DESCRIPTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "OpenAI's chat completion request. A parameter that the provider cannot "
        "honour is refused by name.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["model", "messages"]},
                "example": {
                    "model": "gpt-6-luna",
                    "messages": [{"role": "user", "content": "Say hello."}],
                },
            }
        },
    },
    "responses": {
        "200": {
            "description": "A completion, or its chunks and `[DONE]`, in OpenAI's schema.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "text/event-stream": {"schema": {"type": "string"}},
            },
        }
    },
}


@router.post(
    "/v1/chat/completions",
    summary="Create a chat completion",
    openapi_extra=DESCRIPTION,
    response_class=Response,
)
async def create_chat_completion(request: Request) -> Response:
    """A completion, or server-sent events where the request says `"stream": true`."""
    return await respond(request, PROTOCOL)
