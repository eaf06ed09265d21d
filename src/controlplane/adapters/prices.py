"""Prices from the `genai-prices` package, which carries its data with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache

from genai_prices import Usage as ListedUsage
from genai_prices import calc_price
from genai_prices.types import ModelPrice, PriceCalculation

from controlplane.domain.price import Price
from controlplane.domain.usage import Usage, microusd


def _today() -> date:
    return datetime.now(UTC).date()


class GenaiPrices:
    """The gateway's PriceBook: each request costs what the list says for its day (UTC).

    `lists` names for each provider the one of `genai-prices` whose prices hold for it. Others are
    servers of others: what they cost is not for us to guess.
    """

    def __init__(self, lists: Mapping[str, str], today: Callable[[], date] = _today) -> None:
        self._lists = lists
        self._today = today

    def cost_microusd(self, provider: str, model: str, usage: Usage) -> int | None:
        """Micro-dollars, rounded up; None where the model has no known price."""
        name = self._lists.get(provider)
        if name is None:
            return None
        today = self._today()
        price = _flat_price(name, model, today)
        return (
            _cost(name, model, usage.billed, today) if price is None else price.cost_microusd(usage)
        )


@lru_cache(maxsize=1024)
def _flat_price(provider: str, model: str, day: date) -> Price | None:
    """A price that does not depend on the length of the prompt: 60 µs a request cheaper than asking
    each time. None for tiers, and for models without a price."""
    try:
        found = _calculated(provider, model, ListedUsage(), day).model_price
    except LookupError:
        return None
    names = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
    amounts = [getattr(found, name) for name in names]
    if amounts[1] is None:  # embeddings have no output
        amounts[1] = Decimal(0)
    flat = all(amount is None or isinstance(amount, Decimal) for amount in amounts)
    if not flat or amounts[0] is None or _counts_requests(found):
        return None
    return Price(*amounts)


def _counts_requests(price: ModelPrice) -> bool:
    return bool(getattr(price, "requests_kcount", None))


@lru_cache(maxsize=1024)
def _cost(provider: str, model: str, usage: Usage, day: date) -> int | None:
    tokens = ListedUsage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached or None,
        cache_write_tokens=usage.cache_write or None,
    )
    try:
        return microusd(_calculated(provider, model, tokens, day).total_price)
    except LookupError:
        return None


def _calculated(provider: str, model: str, usage: ListedUsage, day: date) -> PriceCalculation:
    at = datetime.combine(day, time(), UTC)
    return calc_price(usage, model_ref=model, provider_id=provider, genai_request_timestamp=at)
