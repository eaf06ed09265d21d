"""Which kinds of provider there are, and which are configured at this server."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.api.access import Permitted
from controlplane.api.pages import cursor_at, read_cursor, read_limit
from controlplane.api.query import check_names
from controlplane.api.routers.admin.answers import PAGE_PARAMETERS, page_response
from controlplane.api.routers.admin.openapi_parts import listing, record
from controlplane.providers.registry import KINDS
from controlplane.wiring import Container

router = APIRouter(prefix="/admin/v1/providers", tags=["admin: providers"])

_SCHEMA = record(
    kind={"enum": list(KINDS)},
    configured={"type": "boolean"},
    providers={
        "type": "array",
        "items": {"type": "string"},
        "description": "The configured providers of this kind, as targets of routes name them.",
    },
)
_EXAMPLE = {"kind": "openai", "configured": True, "providers": ["openai", "vllm"]}


@router.get(
    "",
    summary="List the kinds of provider",
    openapi_extra=listing("kinds of provider", _SCHEMA, _EXAMPLE),
)
async def list_providers(request: Request, caller: Permitted) -> Response:
    """Every kind, and the providers of it that the operator has configured for all organizations.
    Addresses and keys are not shown."""
    check_names(request.query_params, PAGE_PARAMETERS)
    limit, behind = read_limit(request.query_params), read_cursor(request.query_params)
    parts: Container = request.app.state.container
    names: dict[str, list[str]] = {kind: [] for kind in sorted(KINDS)}
    for name, settings in sorted((await parts.provider_rows.current()).items()):
        names[settings.kind].append(name)
    rows = [
        {"kind": kind, "configured": bool(found), "providers": found}
        for kind, found in names.items()
        if behind is None or kind > behind
    ]
    more = cursor_at(str(rows[limit - 1]["kind"])) if len(rows) > limit else None
    return page_response(rows[:limit], more)
