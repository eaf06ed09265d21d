"""Prices: what the caller's organisation pays for a model, where that is not the list price."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from controlplane.admin.fields import fault
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.admin.prices import (
    delete_price,
    list_price,
    parse_price,
    price_not_found,
    put_price,
)
from controlplane.api.access import Permitted, actor_of
from controlplane.api.inbound import read_call
from controlplane.api.pages import cursor_at, read_cursor, read_limit
from controlplane.api.routers.admin import price_openapi as openapi
from controlplane.api.routers.admin.answers import object_response, page_response, read_response
from controlplane.domain.body import parse_object
from controlplane.domain.price import OwnPrice

UNREADABLE = "The prices cannot be read at the moment. Try again."

router = APIRouter(prefix="/admin/v1/prices", tags=["admin: prices"])
Provider = Annotated[str, Path(description=openapi.PROVIDER, examples=["openai"])]
# A model's name may hold slashes: `meta-llama/Llama-3`.
Model = Annotated[str, Path(description=openapi.MODEL, examples=["gpt-4o"])]


@router.get("", summary="List own prices, by provider and model", openapi_extra=openapi.LIST)
async def list_prices(request: Request, caller: Permitted) -> Response:
    """Models that are not listed cost what the price list says."""
    limit, after = read_limit(request.query_params), _place(request.query_params)
    with unavailable(UNREADABLE):
        prices = request.app.state.container.price_repository
        page, more = await prices.page(caller.org_id, limit=limit, after=after)
    following = cursor_at(f"{page[-1].provider}/{page[-1].model}") if more else None
    return page_response([_body(price, "own") for price in page], following)


@router.get("/{provider}/{model:path}", summary="One price", openapi_extra=openapi.GET)
async def get_price(
    request: Request, provider: Provider, model: Model, caller: Permitted
) -> Response:
    """The organisation's own price (`source` is `own`), else that of the price list (`list`)."""
    parts = request.app.state.container
    with unavailable(UNREADABLE):
        own = await parts.price_repository.price(caller.org_id, provider, model)
    if own is not None:
        return read_response(request, _body(own, "own"), etag(own.to_dict()))
    listed = list_price(parts.prices, provider, model)
    if listed is None:
        raise price_not_found(provider, model)
    # No tag of what is stored: `If-Match` would find nothing.
    return Response(
        orjson.dumps(_body(OwnPrice(provider, model, listed), "list")),
        media_type="application/json",
    )


@router.put("/{provider}/{model:path}", summary="Write an own price", openapi_extra=openapi.PUT)
async def write_price(
    request: Request, provider: Provider, model: Model, caller: Permitted
) -> Response:
    """It holds from the next request on. Writing the same again changes nothing, and succeeds."""
    parts = request.app.state.container
    document = parse_object((await read_call(request)).body)
    wanted = parse_price(provider, model, document, await parts.providers.current())
    is_new = await put_price(
        parts.price_repository,
        parts.configuration_repository,
        parts.configuration_cache,
        actor=actor_of(caller, request),
        wanted=wanted,
        condition=Precondition.of_headers(request.headers),
    )
    return object_response(_body(wanted, "own"), etag(wanted.to_dict()), 201 if is_new else 200)


@router.delete(
    "/{provider}/{model:path}",
    status_code=204,
    summary="Delete an own price",
    openapi_extra=openapi.DELETE,
)
async def remove_price(
    request: Request, provider: Provider, model: Model, caller: Permitted
) -> Response:
    """From the next request on the model costs what the price list says."""
    parts = request.app.state.container
    await delete_price(
        parts.price_repository,
        parts.configuration_repository,
        parts.configuration_cache,
        actor=actor_of(caller, request),
        name=(provider, model),
        condition=Precondition.of_headers(request.headers),
    )
    return Response(status_code=204)


def _body(price: OwnPrice, source: str) -> dict[str, Any]:
    return {**price.to_dict(), "source": source}


def _place(query: QueryParams) -> tuple[str, str] | None:
    place = read_cursor(query)
    if place is None:
        return None
    provider, slash, model = place.partition("/")
    if not slash:
        raise fault("cursor", "is not one that a list answered")
    return provider, model
