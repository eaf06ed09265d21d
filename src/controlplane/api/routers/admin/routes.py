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
from controlplane.api.routers.admin.dependencies import Asking, Reading, Writing
from controlplane.api.routers.admin.route import AdminRoute, created, refusals
from controlplane.domain.routing import Route

router = APIRouter(prefix="/admin/v1/routes", tags=["admin: routes"], route_class=AdminRoute)
# An alias may hold slashes: `meta-llama/Llama-3`.
Alias = Annotated[
    str,
    Path(
        description="The model name that applications send; it may hold slashes. With a `*` it is "
        "a glob, for every name that it matches: an alias of the very name wins, then the longest "
        "glob.",
        examples=["gpt-5.5"],
    ),
]
UNKNOWN = refusals({404: "The organisation has no such route."})
_UNREADABLE = "The routes cannot be read at the moment. Try again."


@router.get("", summary="List routes, by alias")
async def list_routes(asked: Asking, query: Annotated[PageQuery, Query()]) -> Page[RouteShown]:
    """`?limit=50&cursor=...`; `next_cursor` is null on the last page."""
    with unavailable(_UNREADABLE):
        page, last = await asked.parts.configuration_repository.route_page(
            asked.caller.org_id, limit=query.limit, after=query.cursor
        )
    following = None if last is None else cursor_at(last)
    return Page(data=[_shown(route) for route in page], next_cursor=following)


@router.get("/{alias:path}", summary="One route", response_model=RouteShown, responses=UNKNOWN)
async def get_route(asked: Reading, alias: Alias) -> RouteShown | Response:
    """The route and its `ETag`; 304 where `If-None-Match` names that."""
    with unavailable(_UNREADABLE):
        found = await asked.parts.configuration_repository.route(asked.caller.org_id, alias)
    if found is None:
        raise not_found(alias)
    return asked.unless_known(_shown(found), etag(found.to_dict()))


@router.put("/{alias:path}", summary="Write a route", responses=created(RouteShown))
async def write_route(
    asked: Writing, alias: Alias, wanted: Annotated[RouteDocument, Body(openapi_examples=EXAMPLES)]
) -> RouteShown:
    """It holds from the next request on. Writing the same again changes nothing, and succeeds."""
    route = route_of(alias, wanted, await asked.parts.providers.current())
    is_new = await put_route(
        asked.parts.configuration_repository,
        asked.parts.configuration_cache,
        asked.actor,
        route,
        asked.condition,
    )
    asked.response.status_code = 201 if is_new else 200
    return asked.tagged(_shown(route), etag(route.to_dict()))


@router.delete("/{alias:path}", status_code=204, summary="Delete a route", responses=UNKNOWN)
async def remove_route(asked: Writing, alias: Alias) -> None:
    """The name is unknown from the next request on, unless a glob matches it."""
    await delete_route(
        asked.parts.configuration_repository,
        asked.parts.configuration_cache,
        asked.actor,
        alias,
        asked.condition,
    )


def _shown(route: Route) -> RouteShown:
    return RouteShown.model_validate(route.to_dict())
