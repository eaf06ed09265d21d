"""Routes: what a model name stands for in the caller's organisation."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controlplane.admin.precondition import Precondition, etag
from controlplane.admin.routes import delete_route, not_found, put_route
from controlplane.api.access import Permitted, actor_of
from controlplane.api.inbound import read_call
from controlplane.api.pages import cursor_at, read_cursor, read_limit
from controlplane.api.query import check_names
from controlplane.api.routers.admin import route_openapi as openapi
from controlplane.api.routers.admin.answers import PAGE_PARAMETERS
from controlplane.domain.body import parse_object
from controlplane.domain.route_document import parse_route
from controlplane.domain.routing import Route
from controlplane.errors import Unavailable, Unreachable

router = APIRouter(prefix="/admin/v1/routes", tags=["admin: routes"])
# An alias may hold slashes: `meta-llama/Llama-3`.
Alias = Annotated[str, Path(description=openapi.ALIAS, examples=["gpt-4o"])]


@router.get("", summary="List routes, by alias", openapi_extra=openapi.LIST)
async def list_routes(request: Request, caller: Permitted) -> Response:
    """`?limit=50&cursor=...`; `next_cursor` is null on the last page."""
    check_names(request.query_params, PAGE_PARAMETERS)
    limit, after = read_limit(request.query_params), read_cursor(request.query_params)
    try:
        rules = request.app.state.container.configuration_repository
        page, last = await rules.route_page(caller.org_id, limit=limit, after=after)
    except Unreachable as error:
        raise _unreadable() from error
    body = {
        "data": [route.to_dict() for route in page],
        "next_cursor": None if last is None else cursor_at(last),
    }
    return Response(orjson.dumps(body), media_type="application/json")


@router.get("/{alias:path}", summary="One route", openapi_extra=openapi.GET)
async def get_route(request: Request, alias: Alias, caller: Permitted) -> Response:
    """The route and its `ETag`; 304 where `If-None-Match` names that."""
    try:
        found = await request.app.state.container.configuration_repository.route(
            caller.org_id, alias
        )
    except Unreachable as error:
        raise _unreadable() from error
    if found is None:
        raise not_found(alias)
    tag = etag(found.to_dict())
    if Precondition.of_headers(request.headers).is_unchanged(tag):
        return Response(status_code=304, headers={"etag": tag})
    return _route_response(found, 200)


@router.put("/{alias:path}", summary="Write a route", openapi_extra=openapi.PUT)
async def write_route(request: Request, alias: Alias, caller: Permitted) -> Response:
    """It holds from the next request on. Writing the same again changes nothing, and succeeds."""
    parts = request.app.state.container
    document = parse_object((await read_call(request)).body)
    route = parse_route(alias, document, await parts.providers.current())
    condition = Precondition.of_headers(request.headers)
    actor = actor_of(caller, request)
    is_new = await put_route(
        parts.configuration_repository, parts.configuration_cache, actor, route, condition
    )
    return _route_response(route, 201 if is_new else 200)


@router.delete(
    "/{alias:path}", status_code=204, summary="Delete a route", openapi_extra=openapi.DELETE
)
async def remove_route(request: Request, alias: Alias, caller: Permitted) -> Response:
    """The name is unknown from the next request on, unless a glob matches it."""
    parts = request.app.state.container
    condition = Precondition.of_headers(request.headers)
    actor = actor_of(caller, request)
    await delete_route(
        parts.configuration_repository, parts.configuration_cache, actor, alias, condition
    )
    return Response(status_code=204)


def _route_response(route: Route, status: int) -> Response:
    body = route.to_dict()
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={"etag": etag(body)},
    )


def _unreadable() -> Unavailable:
    return Unavailable("The routes cannot be read at the moment. Try again.")
