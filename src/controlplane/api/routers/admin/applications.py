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
from controlplane.admin.models.directory import ApplicationShown, NewApplication, Rename
from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import PageQuery, cursor_at
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import etag
from controlplane.api.routers.admin.dependencies import Asking, Reading, Writing
from controlplane.api.routers.admin.route import AdminRoute, refusals
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
    asked: Asking, query: Annotated[PageQuery, Query()]
) -> Page[ApplicationShown]:
    """Without the deleted ones. A developer sees its own."""
    with unavailable("The applications cannot be read at the moment. Try again."):
        page, last = await asked.parts.directory.application_page(
            asked.caller.org_id,
            limit=query.limit,
            after=query.cursor,
            only=asked.own_application,
        )
    following = None if last is None else cursor_at(last)
    return Page(data=[_shown(entry) for entry in page], next_cursor=following)


@router.post("", status_code=201, summary="Create an application", responses=TAKEN)
async def add_application(asked: Asking, wanted: NewApplication) -> ApplicationShown:
    """Keys can be made for it at once. Its id, made up where none is given, is for ever."""
    made = await create_application(asked.parts.directory, asked.actor, wanted)
    return asked.tagged(_shown(made), etag(made.to_dict()))


@router.get(
    "/{application_id}",
    summary="One application",
    response_model=ApplicationShown,
    responses=UNKNOWN,
)
async def get_application(
    asked: Reading, application_id: ApplicationId
) -> ApplicationShown | Response:
    """The application and its `ETag`; 304 where `If-None-Match` names that."""
    found = None
    if asked.own_application in (None, application_id):
        with unavailable("The application cannot be read at the moment. Try again."):
            found = await asked.parts.directory.application(asked.caller.org_id, application_id)
    if found is None:
        raise application_not_found()
    return asked.unless_known(_shown(found), etag(found.to_dict()))


@router.patch("/{application_id}", summary="Rename an application", responses=UNKNOWN)
async def change_application(
    asked: Writing, application_id: ApplicationId, wanted: Rename
) -> ApplicationShown:
    """The name is for people; keys, policies and records go by the id."""
    renamed = await rename_application(
        asked.parts.directory, asked.actor, application_id, wanted.name, asked.condition
    )
    return asked.tagged(_shown(renamed), etag(renamed.to_dict()))


@router.delete(
    "/{application_id}", status_code=204, summary="Delete an application", responses=UNKNOWN
)
async def remove_application(asked: Writing, application_id: ApplicationId) -> None:
    """Its keys are revoked, from the next request on. Its records stay, so its id is not free."""
    await delete_application(
        asked.parts.directory,
        asked.parts.key_repository,
        asked.parts.key_cache,
        asked.actor,
        application_id,
        condition=asked.condition,
    )


def _shown(entry: Entry) -> ApplicationShown:
    return ApplicationShown(id=entry.id, name=entry.name, created_at=entry.created_at)
