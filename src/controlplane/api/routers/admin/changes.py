"""Changes: who changed what, before and after."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controlplane.admin.models.changes import Change, ChangeQuery
from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import cursor_at
from controlplane.admin.outage import unavailable
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute
from controlplane.domain.changes import ChangeFilter

router = APIRouter(prefix="/admin/v1/changes", tags=["admin: changes"], route_class=AdminRoute)


@router.get("", summary="List changes, newest first")
async def list_changes(asked: Asking, query: Annotated[ChangeQuery, Query()]) -> Page[Change]:
    """Every write of this API is one change, noted in the same transaction. `before` is null where
    something was made, `after` where it was removed."""
    wanted = ChangeFilter(
        resource=query.resource,
        resource_id=query.resource_id,
        actor=query.actor,
        since=query.since,
        until=query.until,
    )
    with unavailable("The changes cannot be read at the moment. Try again."):
        page, last = await asked.parts.change_log.page(
            asked.caller.org_id, wanted, limit=query.limit, before=query.before
        )
    following = None if last is None else cursor_at(str(last))
    return Page(data=[Change.model_validate(row) for row in page], next_cursor=following)
