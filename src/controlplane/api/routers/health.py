"""Is the process alive, and are the stores behind it?"""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from controlplane.api.inbound import container_of
from controlplane.errors import InvalidRequest

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
_DATABASE: dict[str, Any] = {
    "name": "database",
    "in": "query",
    "description": (
        "`true` asks PostgreSQL, too, which wakes one that has paused. Otherwise it says "
        "`not asked`, and what requests last saw of it."
    ),
    "schema": {"type": "boolean", "default": False},
}
_DESCRIPTION: dict[str, Any] = {
    "parameters": [_DATABASE],
    "responses": {
        "200": _CONTENT,
        "400": {"description": "`database` is neither `true` nor `false`."},
        "503": {"description": "A part is down.", **_CONTENT},
    },
}


@router.get("/health", summary="The process is alive")
async def health() -> dict[str, str]:
    """Touches nothing but the process itself."""
    return {"status": "ok"}


@router.get(
    "/health/ready",
    summary="Redis, the audit queue and, where asked, PostgreSQL answer",
    openapi_extra=_DESCRIPTION,
)
async def ready(request: Request) -> Response:
    """200 where no part that was asked is `down`, or 503 that names it; at most a second old."""
    wanted = request.query_params.getlist("database")
    if wanted not in ([], ["true"], ["false"]):
        raise InvalidRequest("'database' must be true or false, once.", param="database")
    parts = await container_of(request).readiness.check(wake=wanted == ["true"])
    is_ready = "down" not in parts.values()
    body = {"status": "ok" if is_ready else "unavailable", "parts": parts}
    return Response(
        orjson.dumps(body), status_code=200 if is_ready else 503, media_type="application/json"
    )
