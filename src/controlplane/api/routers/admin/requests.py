"""The audit records of the caller's organisation."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import NOT_A_CURSOR
from controlplane.admin.models.requests import EXAMPLE_ID, RequestQuery, RequestRecord
from controlplane.admin.outage import unavailable
from controlplane.api.exports import COLUMNS, FORMATS, Format, export
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute, refusals
from controlplane.domain.questions import RequestFilter
from controlplane.domain.usage import usd
from controlplane.errors import NotFound

router = APIRouter(prefix="/admin/v1/requests", tags=["admin: requests"], route_class=AdminRoute)
RequestId = Annotated[
    str, Path(description="The `x-request-id` of an answer.", examples=[EXAMPLE_ID])
]
NEXT_CURSOR = "x-next-cursor"
NO_APPLICATION = refusals({404: "No such application."})
UNKNOWN = refusals({404: "No such record, or not the caller's to see."})
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page; with `format` a file.",
        "headers": {
            NEXT_CURSOR: {
                "schema": {"type": "string"},
                "description": "For files: there where more records follow.",
            }
        },
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": f"{','.join(COLUMNS)}\r\n"},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}
_UNREADABLE = "The audit records cannot be read at the moment. Try again."


@router.get(
    "",
    summary="List audit records, newest first",
    response_model=Page[RequestRecord],
    responses=FILES | NO_APPLICATION,
)
async def list_requests(
    asked: Asking, query: Annotated[RequestQuery, Query()]
) -> Page[RequestRecord] | Response:
    """A developer sees those of its own application. `format=csv` or `format=jsonl` returns a file;
    the header `x-next-cursor` is there where more records follow."""
    with unavailable(_UNREADABLE):
        where = _filter(query, await asked.application(query.application_id))

        async def page(rows: int, before: str | None) -> tuple[list[dict[str, Any]], str | None]:
            try:
                found, following = await asked.parts.request_logs.page(
                    asked.caller.org_id, limit=rows, before=before, where=where
                )
            except ValueError:
                raise InvalidDocument("request", [("cursor", NOT_A_CURSOR)]) from None
            return [_record(row) for row in found], following

        to = FORMATS.get(query.format)
        if to is not None:
            return _file(to, *await export(page, to, limit=query.rows, cursor=query.cursor))
        found, following = await page(query.rows, query.cursor)
    data = [RequestRecord.model_validate(row) for row in found]
    return Page(data=data, next_cursor=following)


@router.get("/{request_id}", summary="One audit record", responses=UNKNOWN)
async def get_request(asked: Asking, request_id: RequestId) -> RequestRecord:
    """The record under an `x-request-id`; it appears within seconds of the answer."""
    with unavailable(_UNREADABLE):
        row = await asked.parts.request_logs.get(
            asked.caller.org_id, request_id, application_id=asked.own_application
        )
    if row is None:
        raise NotFound("There is no audit record with this id.", param="request_id")
    return RequestRecord.model_validate(_record(row))


def _filter(query: RequestQuery, application_id: str | None) -> RequestFilter:
    return RequestFilter(
        since=query.since,
        until=query.until,
        application_id=application_id,
        subject=query.subject,
        model=query.model,
        provider=query.provider,
        status=query.statuses,
        code=query.code,
        min_cost_microusd=query.min_cost_microusd,
        session_id=query.session_id,
        agent_id=query.agent_id,
        end_user=query.end_user,
        tag=query.tag,
    )


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
