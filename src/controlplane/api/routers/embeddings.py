"""`POST /v1/embeddings`, in OpenAI's own schema."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.inference import respond
from controlplane.protocols.embeddings.protocol import PROTOCOL

router = APIRouter(tags=["inference"])

DESCRIPTION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "OpenAI's embeddings request.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["model", "input"]},
                "example": {
                    "model": "text-embedding-3-small",
                    "input": ["The quick brown fox", "jumped over the lazy dog"],
                },
            }
        },
    },
    "responses": {
        "200": {
            "description": "One embedding for each input, in OpenAI's schema.",
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {
                        "object": "list",
                        "model": "text-embedding-3-small",
                        "data": [{"object": "embedding", "index": 0, "embedding": [0.01, -0.02]}],
                        "usage": {"prompt_tokens": 9, "total_tokens": 9},
                    },
                }
            },
        }
    },
}


@router.post("/v1/embeddings", summary="Create embeddings", openapi_extra=DESCRIPTION)
async def create_embeddings(request: Request) -> Response:
    """Under the same rules as a chat: screened, limited, routed, recorded."""
    return await respond(request, PROTOCOL)
