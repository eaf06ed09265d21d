"""Prices: what the caller's organisation pays for a model, where that is not the list price."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from controlplane.admin.models.model import Page
from controlplane.admin.models.pages import cursor_at
from controlplane.admin.models.prices import PriceDocument, PriceQuery, PriceShown
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import etag
from controlplane.admin.prices import (
    delete_price,
    own_price,
    price_not_found,
    put_price,
)
from controlplane.api.routers.admin.dependencies import Asking, Reading, Writing
from controlplane.api.routers.admin.route import AdminRoute, created, refusals
from controlplane.domain.price import OwnPrice
from controlplane.gateway.pricing import Pricing

router = APIRouter(prefix="/admin/v1/prices", tags=["admin: prices"], route_class=AdminRoute)
Provider = Annotated[
    str, Path(description="A configured provider, as routes name it.", examples=["openai"])
]
# A model's name may hold slashes: `meta-llama/Llama-3`.
Model = Annotated[
    str,
    Path(
        description="The provider's name of the model, as targets of routes have it; it may hold "
        "slashes.",
        examples=["gpt-5.5"],
    ),
]
NO_PRICE = refusals({404: "Neither an own price nor one in the list."})
UNKNOWN = refusals({404: "The organisation has no such price of its own."})
_UNREADABLE = "The prices cannot be read at the moment. Try again."


@router.get("", summary="List own prices, by provider and model")
async def list_prices(asked: Asking, query: Annotated[PriceQuery, Query()]) -> Page[PriceShown]:
    """Models that are not listed cost what the price list says."""
    with unavailable(_UNREADABLE):
        page, more = await asked.parts.price_repository.page(
            asked.caller.org_id, limit=query.limit, after=query.after
        )
    following = cursor_at(f"{page[-1].provider}/{page[-1].model}") if more else None
    return Page(data=[_shown(price) for price in page], next_cursor=following)


@router.get(
    "/{provider}/{model:path}", summary="One price", response_model=PriceShown, responses=NO_PRICE
)
async def get_price(asked: Reading, provider: Provider, model: Model) -> PriceShown | Response:
    """The organisation's own price (`source` is `own`), else that of the price list (`list`)."""
    with unavailable(_UNREADABLE):
        own = await asked.parts.price_repository.price(asked.caller.org_id, provider, model)
    if own is not None:
        return asked.unless_known(_shown(own), etag(own.to_dict()))
    pricing = Pricing({}, asked.parts.prices, await asked.parts.providers.current())
    listed = pricing.price(provider, model)
    if listed is None:
        raise price_not_found(provider, model)
    # No tag of what is stored: `If-Match` would find nothing.
    price = OwnPrice(provider, model, listed)
    return PriceShown.model_validate({**price.to_dict(), "source": "list"})


@router.put("/{provider}/{model:path}", summary="Write an own price", responses=created(PriceShown))
async def write_price(
    asked: Writing, provider: Provider, model: Model, wanted: PriceDocument
) -> PriceShown:
    """It holds from the next request on. Writing the same again changes nothing, and succeeds."""
    price = own_price(provider, model, wanted, await asked.parts.providers.current())
    is_new = await put_price(
        asked.parts.price_repository,
        asked.parts.configuration_repository,
        asked.parts.configuration_cache,
        actor=asked.actor,
        wanted=price,
        condition=asked.condition,
    )
    asked.response.status_code = 201 if is_new else 200
    return asked.tagged(_shown(price), etag(price.to_dict()))


@router.delete(
    "/{provider}/{model:path}", status_code=204, summary="Delete an own price", responses=UNKNOWN
)
async def remove_price(asked: Writing, provider: Provider, model: Model) -> None:
    """From the next request on the model costs what the price list says."""
    await delete_price(
        asked.parts.price_repository,
        asked.parts.configuration_repository,
        asked.parts.configuration_cache,
        actor=asked.actor,
        name=(provider, model),
        condition=asked.condition,
    )


def _shown(price: OwnPrice) -> PriceShown:
    return PriceShown.model_validate({**price.to_dict(), "source": "own"})
