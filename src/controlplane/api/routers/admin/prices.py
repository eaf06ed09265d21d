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
    list_price,
    own_price,
    price_not_found,
    put_price,
)
from controlplane.api.routers.admin.dependencies import (
    Acting,
    Parts,
    Permitted,
    ReadCondition,
    WriteCondition,
)
from controlplane.api.routers.admin.responses import created, refusals, tagged, unless_known
from controlplane.api.routers.admin.route import AdminRoute
from controlplane.domain.own_price import OwnPrice

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
        examples=["gpt-4o"],
    ),
]
NO_PRICE = refusals({404: "Neither an own price nor one in the list."})
UNKNOWN = refusals({404: "The organisation has no such price of its own."})
_UNREADABLE = "The prices cannot be read at the moment. Try again."


@router.get("", summary="List own prices, by provider and model")
async def list_prices(
    query: Annotated[PriceQuery, Query()], parts: Parts, caller: Permitted
) -> Page[PriceShown]:
    """Models that are not listed cost what the price list says."""
    with unavailable(_UNREADABLE):
        page, more = await parts.price_repository.page(
            caller.org_id, limit=query.limit, after=query.after
        )
    following = cursor_at(f"{page[-1].provider}/{page[-1].model}") if more else None
    return Page(data=[_shown(price) for price in page], next_cursor=following)


@router.get(
    "/{provider}/{model:path}", summary="One price", response_model=PriceShown, responses=NO_PRICE
)
async def get_price(
    response: Response,
    provider: Provider,
    model: Model,
    parts: Parts,
    caller: Permitted,
    condition: ReadCondition,
) -> PriceShown | Response:
    """The organisation's own price (`source` is `own`), else that of the price list (`list`)."""
    with unavailable(_UNREADABLE):
        own = await parts.price_repository.price(caller.org_id, provider, model)
    if own is not None:
        return unless_known(response, _shown(own), etag(own.to_dict()), condition)
    listed = list_price(parts.prices, provider, model)
    if listed is None:
        raise price_not_found(provider, model)
    # No tag of what is stored: `If-Match` would find nothing.
    price = OwnPrice(provider, model, listed)
    return PriceShown.model_validate({**price.to_dict(), "source": "list"})


@router.put("/{provider}/{model:path}", summary="Write an own price", responses=created(PriceShown))
async def write_price(
    response: Response,
    provider: Provider,
    model: Model,
    wanted: PriceDocument,
    parts: Parts,
    actor: Acting,
    condition: WriteCondition,
) -> PriceShown:
    """It holds from the next request on. Writing the same again changes nothing, and succeeds."""
    price = own_price(provider, model, wanted, parts.providers)
    is_new = await put_price(
        parts.price_repository,
        parts.configuration_repository,
        parts.configuration_cache,
        actor=actor,
        wanted=price,
        condition=condition,
    )
    response.status_code = 201 if is_new else 200
    return tagged(response, _shown(price), etag(price.to_dict()))


@router.delete(
    "/{provider}/{model:path}", status_code=204, summary="Delete an own price", responses=UNKNOWN
)
async def remove_price(
    provider: Provider, model: Model, parts: Parts, actor: Acting, condition: WriteCondition
) -> None:
    """From the next request on the model costs what the price list says."""
    await delete_price(
        parts.price_repository,
        parts.configuration_repository,
        parts.configuration_cache,
        actor=actor,
        name=(provider, model),
        condition=condition,
    )


def _shown(price: OwnPrice) -> PriceShown:
    return PriceShown.model_validate({**price.to_dict(), "source": "own"})
