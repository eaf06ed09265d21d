"""What models cost: list prices, and an organisation's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

from controlplane.domain.routing import is_glob, matches
from controlplane.domain.usage import MICROUSD_PER_USD, Usage

# US dollars per million tokens.
AMOUNTS = (
    "input",
    "output",
    "cached",
    "cache_write",
    "cache_write_hour",
    "audio_input",
    "audio_output",
    "image_input",
    "image_output",
)
FEE = "request"
# By the name of what is counted or said.
FACTORS = ("calls", "regions")
NESTED = ("tiers", "above")
# What an answer says that was made at the usual price, and where.
STANDARD_TIERS = frozenset({"auto", "default", "standard", "standard_only"})
ANYWHERE = frozenset({"global", "not_available"})


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in US dollars per million tokens.

    Without a price of their own, cached input, cache writes and pictures cost what `input` costs,
    and what is kept for an hour twice as much. Nothing else has a price that is not named: audio,
    pictures that a model makes, the `calls` of a provider's tools (dollars a call, by name).

    `request` is a fee for each request, `added_input` how many tokens the provider itself may add
    to a prompt at most, such as what it found. `always` names the call that each request makes,
    asked for or not. `tiers` are the prices of other service tiers,
    `regions` factors on tokens by place, `above` the prices of prompts longer than so many tokens.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_hour: Decimal | None = None
    audio_input: Decimal | None = None
    audio_output: Decimal | None = None
    image_input: Decimal | None = None
    image_output: Decimal | None = None
    request: Decimal | None = None
    added_input: int = 0
    always: str | None = None
    calls: Mapping[str, Decimal] = field(default_factory=dict)
    tiers: Mapping[str, Price] = field(default_factory=dict)
    regions: Mapping[str, Decimal] = field(default_factory=dict)
    above: Mapping[int, Price] = field(default_factory=dict)

    def cost_microusd(self, usage: Usage) -> int | None:
        """Micro-dollars, rounded up; None where something was used that has no known price."""
        price, factor = self.of_tier(usage.service_tier), self.factor(usage.inference_geo)
        if usage.unknown or price is None or factor is None:
            return None
        tokens, fees = price._tokens(usage), self._fees(usage.calls)
        if tokens is None or fees is None:
            return None
        # Dollars per million tokens are micro-dollars per token.
        total = tokens * factor + fees * MICROUSD_PER_USD
        return int(total.to_integral_value(ROUND_CEILING))

    def of_tier(self, tier: str | None) -> Price | None:
        """The prices of a service tier; None where they are not known."""
        if not tier or tier in STANDARD_TIERS:
            return self
        return self.tiers.get(tier)

    def factor(self, region: str | None) -> Decimal | None:
        """The factor of a place; None where it is not known."""
        if not region or region in ANYWHERE:
            return Decimal(1)
        return self.regions.get(region)

    def applied(self, usage: Usage) -> Price:
        """The part of the price by which `usage` is charged: the same cost, and fit to record."""
        used = {name for name, count in usage.calls if count} | {self.always}
        starts = [start for start in self.above if start < usage.input]
        return replace(
            self,
            calls={name: fee for name, fee in self.calls.items() if name in used},
            tiers={
                name: price.applied(usage)
                for name, price in self.tiers.items()
                if name == usage.service_tier
            },
            regions={
                name: factor for name, factor in self.regions.items() if name == usage.inference_geo
            },
            above={max(starts): self.above[max(starts)]} if starts else {},
        )

    def _fees(self, calls: Iterable[tuple[str, int]]) -> Decimal | None:
        total = self.request or Decimal(0)
        made = dict(calls)
        if self.always is not None:
            made[self.always] = max(1, made.get(self.always, 0))
        for name, count in made.items():
            fee = self.calls.get(name)
            if count and fee is None:
                return None
            total += count * (fee or 0)
        return total

    def _tokens(self, usage: Usage) -> Decimal | None:
        starts = [start for start in self.above if start < usage.input]
        if starts:
            return replace(self.above[max(starts)], above={})._tokens(usage)
        total = Decimal(0)
        for count, price in self._parts(usage):
            if count:
                if price is None:
                    return None
                total += count * price
        return total

    def _parts(self, usage: Usage) -> tuple[tuple[int, Decimal | None], ...]:
        """The tokens of each kind, and what they cost."""
        text = self.input
        hour = min(usage.cache_write_hour, usage.cache_write)
        image = 0 if self.image_input is None else usage.image_input
        rest = max(0, usage.input - usage.audio_input - image)
        # What was cached may be audio or a picture, which is charged in full.
        written = min(usage.cache_write, rest)
        cached = min(usage.cached, rest - written)
        return (
            (rest - written - cached, text),
            (cached, text if self.cached is None else self.cached),
            (max(0, written - hour), text if self.cache_write is None else self.cache_write),
            (
                min(hour, written),
                2 * text if self.cache_write_hour is None else self.cache_write_hour,
            ),
            (usage.audio_input, self.audio_input),
            (image, self.image_input),
            (max(0, usage.output - usage.audio_output - usage.image_output), self.output),
            (usage.audio_output, self.audio_output),
            (usage.image_output, self.image_output),
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON with decimal strings as they were written, of what has a price."""
        found: dict[str, Any] = {
            name: f"{value:f}"
            for name in (*AMOUNTS, FEE)
            if (value := getattr(self, name)) is not None
        }
        if self.added_input:
            found["added_input"] = self.added_input
        if self.always is not None:
            found["always"] = self.always
        for name in FACTORS:
            if factors := getattr(self, name):
                found[name] = {key: f"{value:f}" for key, value in factors.items()}
        for name in NESTED:
            if prices := getattr(self, name):
                found[name] = {str(key): price.to_dict() for key, price in prices.items()}
        return found

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Price:
        """Read a row whose numbers are decimal strings: `{"input": "2.50", "output": "10", ...}`.

        Raises KeyError and decimal.InvalidOperation.
        """
        found: dict[str, Any] = {"input": Decimal(row["input"]), "output": Decimal(row["output"])}
        for name in (*AMOUNTS[2:], FEE):
            if row.get(name) is not None:
                found[name] = Decimal(row[name])
        for name in FACTORS:
            found[name] = {key: Decimal(value) for key, value in (row.get(name) or {}).items()}
        found["added_input"] = int(row.get("added_input") or 0)
        found["always"] = row.get("always")
        tiers, above = row.get("tiers") or {}, row.get("above") or {}
        found["tiers"] = {name: cls.from_dict(price) for name, price in tiers.items()}
        found["above"] = {int(start): cls.from_dict(price) for start, price in above.items()}
        return cls(**found)


# The organisation's own prices, by provider and model.
Prices = Mapping[tuple[str, str], Price]


def own_price(own: Prices, provider: str, model: str) -> Price | None:
    """The organisation's own price: that of the name, else of the longest glob that matches it."""
    found = own.get((provider, model))
    if found is not None or not own:
        return found
    globs = [glob for of, glob in own if of == provider and is_glob(glob) and matches(model, glob)]
    return own[provider, max(globs, key=lambda glob: (len(glob), glob))] if globs else None


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool that the provider runs, for a fee: where it stands, and what the fee is called. It is
    called `at_most` so often; None where nothing bounds that, and `setting` would."""

    place: str
    name: str
    at_most: int | None
    setting: str


@dataclass(frozen=True, slots=True)
class Billing:
    """How a provider's prices are known: the price list that holds for it, and the service tier
    that is asked for where only the usual price is known. None where there is none."""

    price_list: str | None = None
    standard_tier: str | None = None


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """The price of one model of one provider, or of all that a glob matches."""

    provider: str
    model: str
    price: Price

    def to_dict(self) -> dict[str, Any]:
        """JSON; US dollars as decimal strings, as they were written."""
        empty: dict[str, Any] = {**dict.fromkeys((*AMOUNTS, FEE)), "added_input": 0, "always": None}
        empty |= {name: {} for name in (*FACTORS, *NESTED)}
        return {"provider": self.provider, "model": self.model, **empty, **self.price.to_dict()}
