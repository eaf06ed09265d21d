"""What usage costs: the organisation's own prices first, then the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controlplane.domain.price import Price, Prices, own_price
from controlplane.domain.usage import Usage
from controlplane.gateway.ports import PriceBook, Provider


@dataclass(frozen=True, slots=True)
class Pricing:
    """The prices that hold for one organisation. What the configured `providers` say of their
    price list goes before what the book knows of their name."""

    own: Prices
    book: PriceBook
    providers: Mapping[str, Provider] = field(default_factory=dict)

    def price(self, provider: str, model: str) -> Price | None:
        """The price of a model; None where it has no known one."""
        return self.first_price(provider, [model])

    def first_price(self, provider: str, models: Sequence[str]) -> Price | None:
        """That of the first of several names that has a price: an own one before the list."""
        for model in models:
            if (own := own_price(self.own, provider, model)) is not None:
                return own
        known = self.providers.get(provider)
        price_list = None if known is None else known.billing.price_list
        listed = (self.book.price(provider, model, price_list) for model in models)
        return next((price for price in listed if price is not None), None)

    def cost_microusd(self, provider: str, model: str, usage: Usage) -> int | None:
        """Micro-dollars, rounded up; None where something was used that has no known price."""
        return self.first_cost_microusd(provider, [model], usage)

    def first_cost_microusd(self, provider: str, models: Sequence[str], usage: Usage) -> int | None:
        """The same by the first of several names that has a price."""
        price = self.first_price(provider, models)
        return None if price is None else price.cost_microusd(usage)
