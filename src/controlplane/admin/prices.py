"""Prices: an organisation's own go before the list."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from controlplane.admin.faults import InvalidDocument
from controlplane.admin.in_force import put_in_force
from controlplane.admin.outage import unavailable
from controlplane.admin.precondition import Precondition, etag
from controlplane.domain.price import OwnPrice, Price
from controlplane.domain.text import NAME, is_name
from controlplane.errors import NotFound

if TYPE_CHECKING:
    from controlplane.adapters.postgres.configuration import ConfigurationRepository
    from controlplane.adapters.postgres.prices import PriceRepository
    from controlplane.adapters.redis.configuration_cache import ConfigurationCache
    from controlplane.admin.models.prices import PriceDocument
    from controlplane.domain.changes import Actor


def price_not_found(provider: str, model: str) -> NotFound:
    """The answer where the organisation has no own price, and the list none either."""
    return NotFound(f"There is no price of '{provider}/{model}'.", param="model")


def own_price(
    provider: str, model: str, wanted: PriceDocument, providers: Collection[str]
) -> OwnPrice:
    """The price that is wanted for a model of one of `providers`.

    Raises InvalidDocument for what only shows beside the address and the settings.
    """
    faults: list[tuple[str, str]] = []
    if provider not in providers:
        known = ", ".join(sorted(providers)) or "none"
        faults.append(("provider", f"must be a configured provider ({known})"))
    if not is_name(model):
        faults.append(("model", f"must be {NAME}"))
    repeated = (("provider", wanted.provider, provider), ("model", wanted.model, model))
    for name, value, address in repeated:
        if value not in (None, address):
            expected = "must be the one in the address of the request, or be left out"
            faults.append((name, expected))
    if faults:
        raise InvalidDocument("request", faults)
    return OwnPrice(provider, model, Price.from_dict(wanted.model_dump(exclude_none=True)))


async def put_price(
    prices: PriceRepository,
    rules: ConfigurationRepository,
    cache: ConfigurationCache,
    *,
    actor: Actor,
    wanted: OwnPrice,
    condition: Precondition,
) -> bool:
    """Store the price and put it in force; returns whether it is new.

    Storing what is stored already succeeds whatever the condition says, so a request whose answer
    was lost can be repeated. Raises NotFound, PreconditionFailed, and Unavailable.
    """
    with unavailable("The price cannot be stored at the moment. Try again."):
        is_new = await prices.put(actor, wanted, _check(condition))
    await put_in_force(rules, cache, actor.org_id)
    return is_new


async def delete_price(
    prices: PriceRepository,
    rules: ConfigurationRepository,
    cache: ConfigurationCache,
    *,
    actor: Actor,
    name: tuple[str, str],
    condition: Precondition,
) -> None:
    """Remove the own price of a provider's model. Raises NotFound, PreconditionFailed and
    Unavailable."""
    with unavailable("The price cannot be deleted at the moment. Try again."):
        was_there = await prices.delete(actor, *name, _check(condition))
    # Even where nothing was left to delete: this may be the second try of one that Redis missed.
    await put_in_force(rules, cache, actor.org_id)
    if not was_there:
        provider, model = name
        raise NotFound(f"There is no own price of '{provider}/{model}'.", param="model")


def _check(condition: Precondition) -> Callable[[OwnPrice | None], None]:
    return lambda stored: condition.check(None if stored is None else etag(stored.to_dict()))
