"""The price list: what a request costs is what the list says for its day."""

from __future__ import annotations

from datetime import date

import pytest

from controlplane.adapters.prices import GenaiPrices
from controlplane.domain.usage import Usage
from controlplane.providers.registry import PRICE_LISTS

pytestmark = pytest.mark.dates

USAGE = Usage(input=1_000, output=1_000)


@pytest.mark.parametrize(
    ("model", "before", "after", "prices"),
    [
        ("o3", date(2025, 6, 9), date(2025, 6, 10), (50_000, 10_000)),
        # Its price depends on the length of the prompt too.
        ("gpt-5.6-luna", date(2026, 7, 29), date(2026, 7, 30), (7_000, 1_400)),
    ],
)
def test_a_new_price_holds_from_its_day_on_in_a_process_that_knew_the_old_one(
    model: str, before: date, after: date, prices: tuple[int, int]
) -> None:
    days = iter((before, after, before))
    book = GenaiPrices(PRICE_LISTS, lambda: next(days))
    costs = [book.cost_microusd("openai", model, USAGE) for _ in range(3)]
    assert costs == [prices[0], prices[1], prices[0]]


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-6"])
def test_what_is_kept_for_an_hour_costs_two_of_input(model: str) -> None:
    book = GenaiPrices(PRICE_LISTS, lambda: date(2026, 11, 1))
    plain, hour = (
        book.cost_microusd("anthropic", model, usage)
        for usage in (
            Usage(input=1_000),
            Usage(input=1_000, cache_write=1_000, cache_write_hour=1_000),
        )
    )
    assert plain
    assert hour == 2 * plain
