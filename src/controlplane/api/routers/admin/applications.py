"""Applications: what an organisation's keys speak for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controlplane.admin.applications import (
    application_not_found,
    create_application,
    delete_application,
    parse_rename,
    rename_application,
)
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.api.access import Permitted, actor_of, own_application
from controlplane.api.inbound import read_call
from controlplane.api.pages import cursor_at, read_cursor, read_limit
from controlplane.api.query import check_names
from controlplane.api.routers.admin import application_openapi as openapi
from controlplane.api.routers.admin.answers import (
    PAGE_PARAMETERS,
    object_response,
    page_response,
    read_response,
)
from controlplane.domain.body import parse_object

router = APIRouter(prefix="/admin/v1/applications", tags=["admin: applications"])
ApplicationId = Annotated[str, Path(description=openapi.ID, examples=["app-support"])]


@router.get("", summary="List applications, by id", openapi_extra=openapi.LIST)
async def list_applications(request: Request, caller: Permitted) -> Response:
    """Without the deleted ones. A developer sees its own."""
    check_names(request.query_params, PAGE_PARAMETERS)
    limit, after = read_limit(request.query_params), read_cursor(request.query_params)
    with unavailable("The applications cannot be read at the moment. Try again."):
        page, last = await request.app.state.container.directory.application_page(
            caller.org_id, limit=limit, after=after, only=own_application(caller)
        )
    return page_response(
        [entry.to_dict() for entry in page], None if last is None else cursor_at(last)
    )


@router.post("", status_code=201, summary="Create an application", openapi_extra=openapi.POST)
async def add_application(request: Request, caller: Permitted) -> Response:
    """Keys can be made for it at once. Its id, made up where none is given, is for ever."""
    document = parse_object((await read_call(request)).body)
    directory = request.app.state.container.directory
    made = await create_application(directory, actor_of(caller, request), document)
    return object_response(made.to_dict(), etag(made.to_dict()), 201)


@router.get("/{application_id}", summary="One application", openapi_extra=openapi.GET)
async def get_application(
    request: Request, application_id: ApplicationId, caller: Permitted
) -> Response:
    """The application and its `ETag`; 304 where `If-None-Match` names that."""
    found = None
    if own_application(caller) in (None, application_id):
        with unavailable("The application cannot be read at the moment. Try again."):
            directory = request.app.state.container.directory
            found = await directory.application(caller.org_id, application_id)
    if found is None:
        raise application_not_found()
    return read_response(request, found.to_dict(), etag(found.to_dict()))


@router.patch("/{application_id}", summary="Rename an application", openapi_extra=openapi.PATCH)
async def change_application(
    request: Request, application_id: ApplicationId, caller: Permitted
) -> Response:
    """The name is for people; keys, policies and records go by the id."""
    name = parse_rename(parse_object((await read_call(request)).body))
    condition = Precondition.of_headers(request.headers)
    directory, actor = request.app.state.container.directory, actor_of(caller, request)
    renamed = await rename_application(directory, actor, application_id, name, condition)
    return object_response(renamed.to_dict(), etag(renamed.to_dict()))


@router.delete(
    "/{application_id}",
    status_code=204,
    summary="Delete an application",
    openapi_extra=openapi.DELETE,
)
async def remove_application(
    request: Request, application_id: ApplicationId, caller: Permitted
) -> Response:
    """Its keys are revoked, from the next request on. Its records stay, so its id is not free."""
    parts = request.app.state.container
    await delete_application(
        parts.directory,
        parts.key_repository,
        parts.key_cache,
        actor_of(caller, request),
        application_id,
        condition=Precondition.of_headers(request.headers),
    )
    return Response(status_code=204)
