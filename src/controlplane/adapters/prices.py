"""Prices from the `genai-prices` package, which carries its data with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from genai_prices.data import providers
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices
from genai_prices.types import Provider as PriceList

from controlplane.adapters.price_corrections import corrections
from controlplane.domain.price import FACTORS, Price

_LISTS: Mapping[str, PriceList] = {each.id: each for each in providers}
# Of the lists that fall back to those of others, the only one whose prices are the same there.
# https://azure.microsoft.com/pricing/details/azure-openai/
_SAME_ELSEWHERE: Mapping[str, tuple[str, ...]] = {"azure": ("openai",)}
# All times from which on a price holds are multiples of this.
_SLOT_MINUTES = 30
_TOKENS: Mapping[str, str] = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_hour": "cache_write_1h_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
    "image_input": "input_image_mtok",
    "image_output": "output_image_mtok",
}
_CALLS: Mapping[str, str] = {
    "web_search": "web_searches_kcount",
    "file_search": "storage_searches_kcount",
    "code_execution": "code_executions_kcount",
}
_REQUESTS = "requests_kcount"
# Audio and pictures out of a cache are charged in full; of video no usage tells.
_CHEAPER_PARTS = frozenset(
    {
        *("cache_audio_read_mtok", "cache_image_read_mtok"),
        *("input_video_mtok", "output_video_mtok"),
    }
)
_KNOWN = frozenset({*_TOKENS.values(), *_CALLS.values(), _REQUESTS, *_CHEAPER_PARTS})
# How the list says in which way an answer was made, beside its service tier.
_AS_TIERS = {("processing", "batch"): "batch", ("speed", "fast"): "fast"}


def _now() -> datetime:
    return datetime.now(UTC)


class GenaiPrices:
    """The gateway's PriceBook: each request costs what the list says at its time.

    `lists` names the list of `genai-prices` that holds for a provider by its name. Others are
    servers of others: what they cost is not for us to guess.
    """

    def __init__(self, lists: Mapping[str, str], now: Callable[[], datetime] = _now) -> None:
        self._lists = lists
        self._now = now

    def price(self, provider: str, model: str, price_list: str | None = None) -> Price | None:
        """The price out of `price_list`, else out of the provider's; None where it is unknown."""
        name = price_list or self._lists.get(provider)
        if name is None:
            return None
        now = self._now()
        minute = now.minute - now.minute % _SLOT_MINUTES
        return _price(name, model, now.replace(minute=minute, second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _price(name: str, model: str, at: datetime) -> Price | None:
    """Putting a price together takes longer than a request may wait: once for each time slot."""
    listed = _LISTS.get(name)
    found = None if listed is None else _listed(listed, model, at)
    for correction in corrections(name, model):
        found = _laid_over(found or {}, correction)
    return Price.from_dict(found) if found and "input" in found and "output" in found else None


def _laid_over(found: Mapping[str, Any], correction: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**found, **correction}
    for name in FACTORS:
        if name in correction:
            merged[name] = {**(found.get(name) or {}), **correction[name]}
    return merged


def _listed(listed: PriceList, model: str, at: datetime) -> dict[str, Any] | None:
    info = listed.find_model(model)
    is_own = info is not None
    for other in () if is_own else _SAME_ELSEWHERE.get(listed.id, ()):
        info = info or _LISTS[other].find_model(model)
    if info is None:
        return None
    price = _row(info.get_prices(at))
    if price is None or not is_own:
        # Neither tiers nor the fees of tools are those of the other list.
        return price and {name: value for name, value in price.items() if name != "calls"}
    tiers = {tier: _row(info.get_prices(at, context)) for tier, context in _tiers(info, at)}
    # Tools cost the same in each tier.
    return price | {
        "tiers": {name: row | {"calls": {}} for name, row in tiers.items() if row is not None}
    }


def _tiers(info: ModelInfo, at: datetime) -> list[tuple[str, dict[str, str]]]:
    """The service tiers that have prices of their own, and how the list is asked for them."""
    found = []
    for variant in info.price_variants or ():
        if len(variant.when) == 1 and (variant.constraint is None or variant.constraint.active(at)):
            ((key, value),) = variant.when.items()
            tier = value if key == "service_tier" else _AS_TIERS.get((key, value))
            if tier not in (None, "default"):
                found.append((tier, variant.when))
    return found


def _row(price: ModelPrice) -> dict[str, Any] | None:
    """The price as `Price.from_dict` reads it; None where something in it is not known here."""
    stored = {key: value for key, value in vars(price).items() if value is not None}
    if not _KNOWN.issuperset(stored) or "input_mtok" not in stored:
        return None
    starts = {
        tier.start
        for value in stored.values()
        if isinstance(value, TieredPrices)
        for tier in value.tiers
    }
    row = _amounts(stored, 0)
    row["calls"] = {
        name: Decimal(fee) / 1000
        for name, key in _CALLS.items()
        if (fee := _at(stored.get(key), 0)) is not None
    }
    if (fee := _at(stored.get(_REQUESTS), 0)) is not None:
        row["request"] = fee / 1000
    row["above"] = {str(start): _amounts(stored, start + 1) for start in sorted(starts)}
    return row


def _amounts(stored: Mapping[str, Decimal | TieredPrices], tokens: int) -> dict[str, Any]:
    """What each token of a prompt of so many costs."""
    prices = {name: _at(stored.get(key), tokens) for name, key in _TOKENS.items()}
    # Embeddings have no output.
    prices["output"] = Decimal(0) if prices["output"] is None else prices["output"]
    return {name: price for name, price in prices.items() if price is not None}


def _at(price: Decimal | TieredPrices | None, tokens: int) -> Decimal | None:
    if not isinstance(price, TieredPrices):
        return price
    passed = [tier.price for tier in price.tiers if tokens > tier.start]
    return passed[-1] if passed else price.base
