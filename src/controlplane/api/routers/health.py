"""Is the process alive, and are the stores behind it?"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from controlplane.api.inbound import container_of

router = APIRouter(tags=["health"])

_PARTS: dict[str, Any] = {
    "type": "object",
    "required": ["status", "parts"],
    "properties": {
        "status": {"type": "string"},
        "parts": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_CONTENT = {"content": {"application/json": {"schema": _PARTS}}}
_DESCRIPTION: dict[str, Any] = {
    "responses": {"200": _CONTENT, "503": {"description": "A part is down.", **_CONTENT}}
}


@router.get("/health", summary="The process is alive")
async def health() -> dict[str, str]:
    """Touches nothing but the process itself."""
    return {"status": "ok"}


@router.get(
    "/health/ready",
    summary="PostgreSQL, Redis and the audit queue answer",
    openapi_extra=_DESCRIPTION,
)
async def ready(request: Request) -> Response:
    """200 with every part `ok`, or 503 that names the part that is down."""
    parts = await container_of(request).check()
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if is_ready else "unavailable", "parts": parts}
    return Response(
        orjson.dumps(body), status_code=200 if is_ready else 503, media_type="application/json"
    )
