"""Organisations: the caller's own, and no other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controlplane.admin.applications import (
    organization_not_found,
    parse_rename,
    rename_organization,
)
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.api.access import Permitted, actor_of
from controlplane.api.inbound import read_call
from controlplane.api.pages import read_cursor, read_limit
from controlplane.api.query import check_names
from controlplane.api.routers.admin import organization_openapi as openapi
from controlplane.api.routers.admin.answers import (
    PAGE_PARAMETERS,
    object_response,
    page_response,
    read_response,
)
from controlplane.domain.body import parse_object
from controlplane.domain.directory import Entry

router = APIRouter(prefix="/admin/v1/organizations", tags=["admin: organizations"])
OrganizationId = Annotated[str, Path(description=openapi.ID, examples=["org-acme"])]


@router.get("", summary="List organizations", openapi_extra=openapi.LIST)
async def list_organizations(request: Request, caller: Permitted) -> Response:
    """A credential belongs to one organization: the page has that one."""
    check_names(request.query_params, PAGE_PARAMETERS)
    read_limit(request.query_params)
    behind = read_cursor(request.query_params)
    own = await _own(request, caller.org_id)
    shown = own is not None and (behind is None or own.id > behind)
    return page_response([own.to_dict()] if own and shown else [], None)


@router.get("/{organization_id}", summary="One organization", openapi_extra=openapi.GET)
async def get_organization(
    request: Request, organization_id: OrganizationId, caller: Permitted
) -> Response:
    """The organization and its `ETag`; 304 where `If-None-Match` names that."""
    own = await _own(request, caller.org_id) if organization_id == caller.org_id else None
    if own is None:
        raise organization_not_found()
    return read_response(request, own.to_dict(), etag(own.to_dict()))


@router.patch("/{organization_id}", summary="Rename an organization", openapi_extra=openapi.PATCH)
async def change_organization(
    request: Request, organization_id: OrganizationId, caller: Permitted
) -> Response:
    """The name is for people; everything else goes by the id."""
    if organization_id != caller.org_id:
        raise organization_not_found()
    name = parse_rename(parse_object((await read_call(request)).body))
    condition = Precondition.of_headers(request.headers)
    directory = request.app.state.container.directory
    renamed = await rename_organization(directory, actor_of(caller, request), name, condition)
    return object_response(renamed.to_dict(), etag(renamed.to_dict()))


async def _own(request: Request, org_id: str) -> Entry | None:
    with unavailable("The organisation cannot be read at the moment. Try again."):
        found: Entry | None = await request.app.state.container.directory.organization(org_id)
    return found
