"""What usage costs: the organisation's own prices first, then the list."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.usage import Prices, TokenUsage
from controlplane.gateway.ports import PriceBook


@dataclass(frozen=True, slots=True)
class Pricing:
    """The prices that hold for one organisation."""

    own: Prices
    book: PriceBook

    def cost_microusd(self, provider: str, model: str, usage: TokenUsage) -> int | None:
        """Micro-dollars, rounded up; None where the model has no known price."""
        own = self.own.get((provider, model))
        if own is not None:
            return own.cost_microusd(usage)
        return self.book.cost_microusd(provider, model, usage)
