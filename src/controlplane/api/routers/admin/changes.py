"""Changes: who changed what, before and after."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from controlplane.admin.fields import fault
from controlplane.admin.outage import unavailable
from controlplane.api.access import Permitted
from controlplane.api.pages import cursor_at, read_cursor, read_limit
from controlplane.api.query import check_names, read_instant, read_text
from controlplane.api.routers.admin import change_openapi as openapi
from controlplane.api.routers.admin.answers import page_response
from controlplane.domain.changes import ChangeFilter

router = APIRouter(prefix="/admin/v1/changes", tags=["admin: changes"])
PARAMETERS = ("resource", "resource_id", "actor", "from", "to", "limit", "cursor")
_LARGEST_ID = 2**63 - 1


@router.get("", summary="List changes, newest first", openapi_extra=openapi.LIST)
async def list_changes(request: Request, caller: Permitted) -> Response:
    """Every write of this API is one change, noted in the same transaction. `before` is null where
    something was made, `after` where it was removed."""
    query = request.query_params
    check_names(query, PARAMETERS)
    limit, before = read_limit(query), _read_place(query)
    wanted = ChangeFilter(
        resource=read_text(query, "resource"),
        resource_id=read_text(query, "resource_id"),
        actor=read_text(query, "actor"),
        since=read_instant(query, "from"),
        until=read_instant(query, "to", after_day=True),
    )
    with unavailable("The changes cannot be read at the moment. Try again."):
        page, last = await request.app.state.container.change_log.page(
            caller.org_id, wanted, limit=limit, before=before
        )
    return page_response(page, None if last is None else cursor_at(str(last)))


def _read_place(query: Mapping[str, str]) -> int | None:
    place = read_cursor(query)
    if place is None:
        return None
    if not place.isascii() or not place.isdigit() or int(place[:20]) > _LARGEST_ID:
        raise fault("cursor", "is not one that a list answered")
    return int(place[:20])
