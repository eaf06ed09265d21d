"""Applications: what an organisation's keys speak for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from controlplane.admin.applications import (
    application_not_found,
    create_application,
    delete_application,
    rename_application,
)
from controlplane.admin.models.directory import Application, NewApplication, Rename
from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import PageQuery, cursor_at
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import etag
from controlplane.api.access import own_application
from controlplane.api.routers.admin.dependencies import (
    Acting,
    Parts,
    Permitted,
    ReadCondition,
    WriteCondition,
)
from controlplane.api.routers.admin.responses import refusals, tagged, unless_known
from controlplane.api.routers.admin.route import AdminRoute
from controlplane.domain.directory import Entry

router = APIRouter(
    prefix="/admin/v1/applications", tags=["admin: applications"], route_class=AdminRoute
)
ApplicationId = Annotated[
    str,
    Path(
        description="The id of an application of the caller's organization.",
        examples=["app-support"],
    ),
]
UNKNOWN = refusals({404: "No such application, or a deleted one."})
TAKEN = refusals({409: "The id is taken, if only by a deleted application."})


@router.get("", summary="List applications, by id")
async def list_applications(
    query: Annotated[PageQuery, Query()], parts: Parts, caller: Permitted
) -> Page[Application]:
    """Without the deleted ones. A developer sees its own."""
    with unavailable("The applications cannot be read at the moment. Try again."):
        page, last = await parts.directory.application_page(
            caller.org_id, limit=query.limit, after=query.cursor, only=own_application(caller)
        )
    following = None if last is None else cursor_at(last)
    return Page(data=[_shown(entry) for entry in page], next_cursor=following)


@router.post("", status_code=201, summary="Create an application", responses=TAKEN)
async def add_application(
    response: Response, wanted: NewApplication, parts: Parts, actor: Acting
) -> Application:
    """Keys can be made for it at once. Its id, made up where none is given, is for ever."""
    made = await create_application(parts.directory, actor, wanted)
    return tagged(response, _shown(made), etag(made.to_dict()))


@router.get(
    "/{application_id}", summary="One application", response_model=Application, responses=UNKNOWN
)
async def get_application(
    response: Response,
    application_id: ApplicationId,
    parts: Parts,
    caller: Permitted,
    condition: ReadCondition,
) -> Application | Response:
    """The application and its `ETag`; 304 where `If-None-Match` names that."""
    found = None
    if own_application(caller) in (None, application_id):
        with unavailable("The application cannot be read at the moment. Try again."):
            found = await parts.directory.application(caller.org_id, application_id)
    if found is None:
        raise application_not_found()
    return unless_known(response, _shown(found), etag(found.to_dict()), condition)


@router.patch("/{application_id}", summary="Rename an application", responses=UNKNOWN)
async def change_application(
    response: Response,
    application_id: ApplicationId,
    wanted: Rename,
    parts: Parts,
    actor: Acting,
    condition: WriteCondition,
) -> Application:
    """The name is for people; keys, policies and records go by the id."""
    renamed = await rename_application(
        parts.directory, actor, application_id, wanted.name, condition
    )
    return tagged(response, _shown(renamed), etag(renamed.to_dict()))


@router.delete(
    "/{application_id}", status_code=204, summary="Delete an application", responses=UNKNOWN
)
async def remove_application(
    application_id: ApplicationId, parts: Parts, actor: Acting, condition: WriteCondition
) -> None:
    """Its keys are revoked, from the next request on. Its records stay, so its id is not free."""
    await delete_application(
        parts.directory,
        parts.key_repository,
        parts.key_cache,
        actor,
        application_id,
        condition=condition,
    )


def _shown(entry: Entry) -> Application:
    return Application(id=entry.id, name=entry.name, created_at=entry.created_at)
