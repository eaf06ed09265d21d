"""What models cost: list prices, and an organisation's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from controlplane.domain.usage import Usage

AMOUNTS = ("input", "output", "cached", "cache_write")


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in US dollars per million tokens.

    Cached input and cache writes cost what `input` costs where they have no price of their own.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None

    def cost_microusd(self, usage: Usage) -> int:
        """Micro-dollars, rounded up: dollars per million tokens are micro-dollars per token."""
        usage = usage.billed
        fresh = max(0, usage.input - usage.cached - usage.cache_write)
        total = (
            fresh * self.input
            + usage.cached * (self.input if self.cached is None else self.cached)
            + usage.cache_write * (self.input if self.cache_write is None else self.cache_write)
            + usage.output * self.output
        )
        return int(total.to_integral_value(ROUND_CEILING))

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Price:
        """Read a row whose numbers are decimal strings: `{"input": "2.50", "output": "10", ...}`.

        Raises KeyError and decimal.InvalidOperation.
        """
        optional = {
            name: Decimal(row[name])
            for name in ("cached", "cache_write")
            if row.get(name) is not None
        }
        return cls(input=Decimal(row["input"]), output=Decimal(row["output"]), **optional)


# The organisation's own prices, by provider and model.
Prices = Mapping[tuple[str, str], Price]


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """The price of one model of one provider."""

    provider: str
    model: str
    price: Price

    def to_dict(self) -> dict[str, Any]:
        """JSON; US dollars per million tokens as decimal strings, as they were written."""
        amounts = {name: getattr(self.price, name) for name in AMOUNTS}
        return {
            "provider": self.provider,
            "model": self.model,
            **{name: None if value is None else f"{value:f}" for name, value in amounts.items()},
        }
