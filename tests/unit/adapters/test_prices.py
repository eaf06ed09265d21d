"""The price list: what a model costs is what the list says at its time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices.data import providers

from controlplane.adapters.price_corrections import CORRECTIONS
from controlplane.adapters.prices import GenaiPrices
from controlplane.config.provider_rows import PRICE_LISTS as NAMES
from controlplane.domain.price import Price
from controlplane.domain.usage import Usage
from controlplane.providers.registry import PRICE_LISTS

pytestmark = pytest.mark.dates

USAGE = Usage(input=1_000, output=1_000)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def price(provider: str, model: str, at: datetime = NOVEMBER, of: str | None = None) -> Price:
    found = GenaiPrices(PRICE_LISTS, lambda: at).price(provider, model, of)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model", "before", "after", "prices"),
    [
        ("o3", datetime(2025, 6, 9), datetime(2025, 6, 10), (50_000, 10_000)),
        # Its price depends on the length of the prompt too.
        ("gpt-5.6-luna", datetime(2026, 7, 29), datetime(2026, 7, 30), (7_000, 1_400)),
    ],
)
def test_a_new_price_holds_from_its_day_on_in_a_process_that_knew_the_old_one(
    model: str, before: datetime, after: datetime, prices: tuple[int, int]
) -> None:
    times = iter(each.replace(tzinfo=UTC) for each in (before, after, before))
    book = GenaiPrices(PRICE_LISTS, lambda: next(times))
    found = [book.price("openai", model) for _ in range(3)]
    costs = [each and each.cost_microusd(USAGE) for each in found]
    assert costs == [prices[0], prices[1], prices[0]]


def test_a_price_by_the_time_of_day() -> None:
    """https://api-docs.deepseek.com/quick_start/pricing"""
    hours = ((0, 59), (1, 0), (3, 59), (4, 0))
    costs = [
        price("mine", "deepseek-v4-pro", NOVEMBER.replace(hour=hour, minute=minute), "deepseek")
        for hour, minute in hours
    ]
    assert [str(each.input) for each in costs] == ["0.66", "1.32", "1.32", "0.66"]


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-opus-4-6"])
def test_what_is_kept_for_an_hour_costs_two_of_input(model: str) -> None:
    hour = Usage(input=1_000, cache_write=1_000, cache_write_hour=1_000)
    found = price("anthropic", model)
    plain = found.cost_microusd(Usage(input=1_000))
    assert plain
    assert found.cost_microusd(hour) == 2 * plain


@pytest.mark.parametrize(
    ("model", "input_price", "output_price"),
    [
        ("deepseek-r1", "1.35", "5.40"),
        ("deepseek-v3.2", "0.58", "1.68"),
        ("deepseek-v4-pro", "1.74", "3.48"),
        ("o4-mini-deep-research", "2", "8"),
        ("o4-mini", "1.1", "4.4"),
        ("gpt-5", "1.25", "10"),
    ],
)
def test_azure_has_prices_of_its_own(model: str, input_price: str, output_price: str) -> None:
    found = price("azure", model)
    assert (found.input, found.output) == (Decimal(input_price), Decimal(output_price))


@pytest.mark.parametrize("model", ["deepseek-v3.1", "grok-4", "kimi-k2", "claude-opus-5"])
def test_what_others_take_is_not_what_azure_takes(model: str) -> None:
    assert GenaiPrices(PRICE_LISTS, lambda: NOVEMBER).price("azure", model) is None


def test_neither_tiers_nor_fees_of_openai_are_those_of_azure() -> None:
    there, here = price("openai", "gpt-5"), price("azure", "gpt-5")
    assert there.tiers
    assert there.calls
    assert (here.input, here.tiers, here.calls) == (there.input, {}, {})


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("claude-opus-4-5", None),
        ("claude-haiku-4-5", None),
        ("claude-opus-4-6", "1.1"),
        ("claude-sonnet-4-6", "1.1"),
        ("claude-opus-5-5", "1.1"),
    ],
)
def test_the_place_counts_with_newer_models(model: str, factor: str | None) -> None:
    found = price("anthropic", model).factor("us")
    assert found == (None if factor is None else Decimal(factor))


def test_an_unknown_list_and_an_unknown_provider_have_no_price() -> None:
    book = GenaiPrices(PRICE_LISTS, lambda: NOVEMBER)
    assert book.price("mine", "gpt-4o") is None
    assert book.price("openai", "no-such-model") is None
    assert book.price("openai", "gpt-4o", "no-such-list") is None
    # It is charged by the hour, which no usage tells.
    assert book.price("openai", "gpt-realtime-whisper") is None


@pytest.mark.parametrize("name", NAMES)
def test_each_list_that_a_row_may_name_has_prices(name: str) -> None:
    assert any(each.id == name and each.models for each in providers)


def test_each_correction_is_of_a_list_that_is_in_use() -> None:
    assert {row.price_list for row in CORRECTIONS} <= set(NAMES)
