"""Prices out of the list, in the numbers that an own price has."""

from __future__ import annotations

from decimal import Decimal

import pytest

from controlplane.adapters.prices import GenaiPrices
from controlplane.admin.prices import list_price
from controlplane.domain.usage import Usage
from controlplane.providers.registry import PRICE_LISTS


class Book:
    """A price list of one model, which has no price of what it wrote."""

    def cost_microusd(self, provider: str, model: str, usage: Usage) -> int | None:
        return None if usage.output else usage.input


USAGES = (
    Usage(input=1_000, output=1),
    Usage(input=80_000, output=30_000),
    Usage(input=1_200, output=310, cached=1_024),
    Usage(input=5_000, output=10, cached=1_000, cache_write=2_000),
)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-4o-mini"),
        ("openai", "text-embedding-3-small"),
        ("azure", "gpt-4o"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-3-5-haiku-latest"),
    ],
)
def test_what_the_list_says_costs_what_the_list_costs(provider: str, model: str) -> None:
    book = GenaiPrices(PRICE_LISTS)
    price = list_price(book, provider, model)
    assert price is not None
    for usage in USAGES:
        assert price.cost_microusd(usage) == book.cost_microusd(provider, model, usage)


def test_known_prices_are_those_of_the_providers() -> None:
    """https://platform.openai.com/docs/pricing"""
    price = list_price(GenaiPrices(PRICE_LISTS), "openai", "gpt-4o")
    assert price is not None
    assert (price.input, price.output, price.cached) == (
        Decimal("2.5"),
        Decimal("10"),
        Decimal("1.25"),
    )


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "no-such-model"), ("vllm", "gpt-4o"), ("", "")]
)
def test_what_the_list_does_not_know(provider: str, model: str) -> None:
    assert list_price(GenaiPrices(PRICE_LISTS), provider, model) is None


def test_half_a_price_is_none() -> None:
    assert list_price(Book(), "p", "m") is None
