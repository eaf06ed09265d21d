"""The audit records of the caller's organisation."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from controlplane.api.access import allow
from controlplane.domain.access import Caller, Role
from controlplane.domain.usage import usd
from controlplane.errors import InvalidRequest, NotFound, Unavailable, Unreachable

DEFAULT_LIMIT, MAX_LIMIT = 50, 200

router = APIRouter(prefix="/admin/v1/requests", tags=["admin: requests"])
Reader = Annotated[Caller, Depends(allow(Role.ADMIN, Role.DEVELOPER))]


@router.get("", summary="List audit records, newest first")
async def list_requests(request: Request, caller: Reader) -> Response:
    """`?limit=50&cursor=...`; a developer sees those of its own application."""
    limit = _limit(request.query_params.get("limit"))
    cursor = request.query_params.get("cursor")
    try:
        rows, next_cursor = await request.app.state.container.request_logs.page(
            caller.org_id, limit=limit, before=cursor, application_id=_application(caller)
        )
    except ValueError:
        raise InvalidRequest("'cursor' is not one that a list answered.", param="cursor") from None
    except Unreachable as error:
        raise Unavailable("The audit records cannot be read at the moment.") from error
    return _json({"data": [_record(row) for row in rows], "next_cursor": next_cursor})


@router.get("/{request_id}", summary="One audit record")
async def get_request(request: Request, request_id: str, caller: Reader) -> Response:
    """The record under an `x-request-id`; it appears within seconds of the answer."""
    try:
        row = await request.app.state.container.request_logs.get(
            caller.org_id, request_id, application_id=_application(caller)
        )
    except Unreachable as error:
        raise Unavailable("The audit records cannot be read at the moment.") from error
    if row is None:
        raise NotFound("There is no audit record with this id.", param="request_id")
    return _json(_record(row))


def _application(caller: Caller) -> str | None:
    """The application to which the caller is confined; None means the whole organisation."""
    if caller.role is Role.ADMIN:
        return None
    if caller.application_id is None:
        raise InvalidRequest("This credential belongs to no application.")
    return caller.application_id


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidRequest(f"'limit' must be an integer from 1 to {MAX_LIMIT}.", param="limit")
    return int(text)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    cost = row["cost_microusd"]
    return {**row, "cost_usd": None if cost is None else usd(cost)}


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
