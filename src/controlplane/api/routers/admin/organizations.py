"""Organisations: the caller's own, and no other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from controlplane.admin.applications import organization_not_found, rename_organization
from controlplane.admin.models.directory import OrganizationShown, Rename
from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import PageQuery
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import etag
from controlplane.api.routers.admin.dependencies import Asking, Reading, Writing
from controlplane.api.routers.admin.route import AdminRoute, refusals
from controlplane.domain.directory import Entry
from controlplane.wiring import Container

router = APIRouter(
    prefix="/admin/v1/organizations", tags=["admin: organizations"], route_class=AdminRoute
)
OrganizationId = Annotated[
    str,
    Path(
        description="The organization of the credential; every other one is 404.",
        examples=["org-acme"],
    ),
]
UNKNOWN = refusals({404: "Not the caller's organization."})


@router.get("", summary="List organizations")
async def list_organizations(
    asked: Asking, query: Annotated[PageQuery, Query()]
) -> Page[OrganizationShown]:
    """A credential belongs to one organization: the page has that one."""
    own = await _own(asked.parts, asked.caller.org_id)
    shown = own is not None and (query.cursor is None or own.id > query.cursor)
    return Page(data=[_shown(own)] if own and shown else [], next_cursor=None)


@router.get(
    "/{organization_id}",
    summary="One organization",
    response_model=OrganizationShown,
    responses=UNKNOWN,
)
async def get_organization(
    asked: Reading, organization_id: OrganizationId
) -> OrganizationShown | Response:
    """The organization and its `ETag`; 304 where `If-None-Match` names that."""
    if organization_id != asked.caller.org_id:
        raise organization_not_found()
    own = await _own(asked.parts, organization_id)
    if own is None:
        raise organization_not_found()
    return asked.unless_known(_shown(own), etag(own.to_dict()))


@router.patch("/{organization_id}", summary="Rename an organization", responses=UNKNOWN)
async def change_organization(
    asked: Writing, organization_id: OrganizationId, wanted: Rename
) -> OrganizationShown:
    """The name is for people; everything else goes by the id."""
    if organization_id != asked.actor.org_id:
        raise organization_not_found()
    renamed = await rename_organization(
        asked.parts.directory, asked.actor, wanted.name, asked.condition
    )
    return asked.tagged(_shown(renamed), etag(renamed.to_dict()))


async def _own(parts: Container, org_id: str) -> Entry | None:
    with unavailable("The organisation cannot be read at the moment. Try again."):
        return await parts.directory.organization(org_id)


def _shown(entry: Entry) -> OrganizationShown:
    return OrganizationShown(id=entry.id, name=entry.name, created_at=entry.created_at)
