"""Routes: what a model name stands for in the caller's organisation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import PageQuery, cursor_at
from controlplane.admin.models.routes import EXAMPLES, RouteDocument, RouteShown
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import etag
from controlplane.admin.routes import delete_route, not_found, put_route, route_of
from controlplane.api.routers.admin.dependencies import (
    Acting,
    Parts,
    Permitted,
    ReadCondition,
    WriteCondition,
)
from controlplane.api.routers.admin.responses import created, refusals, tagged, unless_known
from controlplane.api.routers.admin.route import AdminRoute
from controlplane.domain.routing import Route

router = APIRouter(prefix="/admin/v1/routes", tags=["admin: routes"], route_class=AdminRoute)
# An alias may hold slashes: `meta-llama/Llama-3`.
Alias = Annotated[
    str,
    Path(
        description="The model name that applications send; it may hold slashes. With a `*` it is "
        "a glob, for every name that it matches: an alias of the very name wins, then the longest "
        "glob.",
        examples=["gpt-4o"],
    ),
]
UNKNOWN = refusals({404: "The organisation has no such route."})
_UNREADABLE = "The routes cannot be read at the moment. Try again."


@router.get("", summary="List routes, by alias")
async def list_routes(
    query: Annotated[PageQuery, Query()], parts: Parts, caller: Permitted
) -> Page[RouteShown]:
    """`?limit=50&cursor=...`; `next_cursor` is null on the last page."""
    with unavailable(_UNREADABLE):
        page, last = await parts.configuration_repository.route_page(
            caller.org_id, limit=query.limit, after=query.cursor
        )
    following = None if last is None else cursor_at(last)
    return Page(data=[_shown(route) for route in page], next_cursor=following)


@router.get("/{alias:path}", summary="One route", response_model=RouteShown, responses=UNKNOWN)
async def get_route(
    response: Response, alias: Alias, parts: Parts, caller: Permitted, condition: ReadCondition
) -> RouteShown | Response:
    """The route and its `ETag`; 304 where `If-None-Match` names that."""
    with unavailable(_UNREADABLE):
        found = await parts.configuration_repository.route(caller.org_id, alias)
    if found is None:
        raise not_found(alias)
    return unless_known(response, _shown(found), etag(found.to_dict()), condition)


@router.put("/{alias:path}", summary="Write a route", responses=created(RouteShown))
async def write_route(
    response: Response,
    alias: Alias,
    wanted: Annotated[RouteDocument, Body(openapi_examples=EXAMPLES)],
    parts: Parts,
    actor: Acting,
    condition: WriteCondition,
) -> RouteShown:
    """It holds from the next request on. Writing the same again changes nothing, and succeeds."""
    route = route_of(alias, wanted, parts.providers)
    is_new = await put_route(
        parts.configuration_repository, parts.configuration_cache, actor, route, condition
    )
    response.status_code = 201 if is_new else 200
    return tagged(response, _shown(route), etag(route.to_dict()))


@router.delete("/{alias:path}", status_code=204, summary="Delete a route", responses=UNKNOWN)
async def remove_route(
    alias: Alias, parts: Parts, actor: Acting, condition: WriteCondition
) -> None:
    """The name is unknown from the next request on, unless a glob matches it."""
    await delete_route(
        parts.configuration_repository, parts.configuration_cache, actor, alias, condition
    )


def _shown(route: Route) -> RouteShown:
    return RouteShown.model_validate(route.to_dict())
