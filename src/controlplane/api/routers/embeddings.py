"""`POST /v1/embeddings`, in OpenAI's own schema."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.answer_headers import answer_headers
from controlplane.api.disconnect import unless_gone
from controlplane.api.inbound import container_of, read_call
from controlplane.gateway.call import Whole
from controlplane.gateway.pipeline import embeddings
from controlplane.gateway.record import CLIENT_CLOSED_REQUEST

router = APIRouter(tags=["inference"])

_DESCRIPTION: dict[str, Any] = {
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


@router.post("/v1/embeddings", summary="Create embeddings", openapi_extra=_DESCRIPTION)
async def create_embeddings(request: Request) -> Response:
    """Under the same rules as a chat: screened, limited, routed, recorded."""
    call = await read_call(request)
    async with AsyncExitStack() as stack:
        pipeline = embeddings(call, container_of(request).gateway)
        answer = await unless_gone(request.receive, stack.enter_async_context(pipeline))
        if answer is None:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
    assert isinstance(answer.content, Whole)
    return Response(
        orjson.dumps(answer.content.body),
        media_type="application/json",
        headers=answer_headers(answer),
    )
