"""What usage costs: the organisation's own prices first, then the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controlplane.domain.price import Prices
from controlplane.domain.usage import Usage
from controlplane.gateway.ports import PriceBook


@dataclass(frozen=True, slots=True)
class Pricing:
    """The prices that hold for one organisation."""

    own: Prices
    book: PriceBook

    def cost_microusd(self, provider: str, model: str, usage: Usage) -> int | None:
        """Micro-dollars, rounded up; None where the model has no known price."""
        return self.first_cost_microusd(provider, [model], usage)

    def first_cost_microusd(self, provider: str, models: Sequence[str], usage: Usage) -> int | None:
        """The same by the first of several names that has a price: an own one before the list."""
        for model in models:
            own = self.own.get((provider, model))
            if own is not None:
                return own.cost_microusd(usage)
        costs = (self.book.cost_microusd(provider, model, usage) for model in models)
        return next((cost for cost in costs if cost is not None), None)
