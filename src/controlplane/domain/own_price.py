"""An organisation's own price of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from controlplane.domain.usage import Price

AMOUNTS = ("input", "output", "cached", "cache_write")


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
