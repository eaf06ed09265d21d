"""Prices from the `genai-prices` package, which carries its data with it."""

from __future__ import annotations

from functools import lru_cache

from genai_prices import Usage, calc_price

from controlplane.domain.usage import TokenUsage, microusd

# A provider of another name is somebody's own server: what it costs is not for us to guess.
PRICED_PROVIDERS = frozenset({"openai", "azure", "anthropic"})


class GenaiPrices:
    """The gateway's PriceBook."""

    def cost_microusd(self, provider: str, model: str, usage: TokenUsage) -> int | None:
        """Micro-dollars, rounded up; None where the model has no known price."""
        if provider not in PRICED_PROVIDERS:
            return None
        return _cost(provider, model, usage)


@lru_cache(maxsize=1024)
def _cost(provider: str, model: str, usage: TokenUsage) -> int | None:
    tokens = Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cached or None,
        cache_write_tokens=usage.cache_write or None,
    )
    try:
        return microusd(calc_price(tokens, model_ref=model, provider_id=provider).total_price)
    except LookupError:
        return None
