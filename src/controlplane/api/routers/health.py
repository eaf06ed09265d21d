"""Is the process alive, and are the stores behind it?"""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

router = APIRouter(tags=["health"])


@router.get("/health", summary="The process is alive")
async def health() -> dict[str, str]:
    """Touches nothing but the process itself."""
    return {"status": "ok"}


@router.get("/health/ready", summary="PostgreSQL, Redis and the audit queue answer")
async def ready(request: Request) -> Response:
    """200 with every part `ok`, or 503 that names the part that is down."""
    parts = await request.app.state.container.check()
    is_ready = all(state == "ok" for state in parts.values())
    body = {"status": "ok" if is_ready else "unavailable", "parts": parts}
    return Response(
        orjson.dumps(body), status_code=200 if is_ready else 503, media_type="application/json"
    )
