"""The audit records of the caller's organisation."""

from __future__ import annotations

import re
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from controlplane.admin.fields import fault
from controlplane.admin.outage import unavailable
from controlplane.api.access import Permitted, own_application
from controlplane.api.asked_application import asked_application
from controlplane.api.exports import FORMATS, MAX_ROWS, Format, export
from controlplane.api.pages import read_limit
from controlplane.api.query import check_names, read_instant, read_text, read_usd
from controlplane.api.routers.admin import request_openapi as openapi
from controlplane.api.routers.admin.answers import page_response
from controlplane.domain.questions import RequestFilter
from controlplane.domain.usage import microusd, usd
from controlplane.errors import NotFound

UNREADABLE = "The audit records cannot be read at the moment. Try again."
NEXT_CURSOR = "x-next-cursor"
PARAMETERS = (
    *("from", "to", "application_id", "subject", "model", "provider", "status", "code"),
    *("min_cost", "format", "limit", "cursor"),
)
_STATUS = re.compile(r"\A[1-5](\d\d|xx)\Z", re.ASCII)

router = APIRouter(prefix="/admin/v1/requests", tags=["admin: requests"])
RequestId = Annotated[str, Path(description=openapi.ID, examples=[openapi.EXAMPLE_ID])]


@router.get("", summary="List audit records, newest first", openapi_extra=openapi.LIST)
async def list_requests(request: Request, caller: Permitted) -> Response:
    """A developer sees those of its own application. `format=csv` or `format=jsonl` answers a file;
    the header `x-next-cursor` is there where more records follow."""
    query = request.query_params
    check_names(query, PARAMETERS)
    to = _format(query)
    limit = read_limit(query) if to is None else read_limit(query, default=MAX_ROWS, most=MAX_ROWS)
    logs = request.app.state.container.request_logs

    async def page(rows: int, before: str | None) -> tuple[list[dict[str, Any]], str | None]:
        try:
            found, following = await logs.page(
                caller.org_id, limit=rows, before=before, where=where
            )
        except ValueError:
            raise fault("cursor", "is not one that a list answered") from None
        return [_record(row) for row in found], following

    with unavailable(UNREADABLE):
        where = _filter(query, await asked_application(request, caller))
        cursor = query.get("cursor")
        if to is None:
            return page_response(*await page(limit, cursor))
        return _file(to, *await export(page, to, limit=limit, cursor=cursor))


@router.get("/{request_id}", summary="One audit record", openapi_extra=openapi.GET)
async def get_request(request: Request, request_id: RequestId, caller: Permitted) -> Response:
    """The record under an `x-request-id`; it appears within seconds of the answer."""
    with unavailable(UNREADABLE):
        row = await request.app.state.container.request_logs.get(
            caller.org_id, request_id, application_id=own_application(caller)
        )
    if row is None:
        raise NotFound("There is no audit record with this id.", param="request_id")
    return Response(orjson.dumps(_record(row)), media_type="application/json")


def _filter(query: QueryParams, application_id: str | None) -> RequestFilter:
    min_cost = read_usd(query, "min_cost")
    return RequestFilter(
        since=read_instant(query, "from"),
        until=read_instant(query, "to", after_day=True),
        application_id=application_id,
        subject=read_text(query, "subject"),
        model=read_text(query, "model"),
        provider=read_text(query, "provider"),
        status=_status(query),
        code=read_text(query, "code"),
        min_cost_microusd=None if min_cost is None else microusd(min_cost),
    )


def _status(query: QueryParams) -> tuple[int, int] | None:
    text = query.get("status")
    if text is None:
        return None
    if not _STATUS.match(text):
        raise fault("status", "must be a status such as 429, or a class of them such as 4xx")
    return int(text.replace("x", "0")), int(text.replace("x", "9"))


def _format(query: QueryParams) -> Format | None:
    name = query.get("format", "json")
    if name != "json" and name not in FORMATS:
        raise fault("format", f"must be json, {' or '.join(FORMATS)}")
    return FORMATS.get(name)


def _file(to: Format, body: bytes, next_cursor: str | None) -> Response:
    headers = {
        "content-type": to.media_type,
        "content-disposition": f'attachment; filename="requests.{to.suffix}"',
    }
    if next_cursor is not None:
        headers[NEXT_CURSOR] = next_cursor
    return Response(body, headers=headers)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    cost = row["cost_microusd"]
    return {**row, "cost_usd": None if cost is None else usd(cost)}
