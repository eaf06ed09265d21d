"""Ours beside what the public prices come to by hand; docs/PRICES.md is the same table."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.adapters.price_table import TABLE, Row

from controlplane.adapters.prices import GenaiPrices
from controlplane.domain.price import Price
from controlplane.domain.usage import Usage, usd
from controlplane.providers.registry import PRICE_LISTS

pytestmark = pytest.mark.dates

DOCUMENT = Path(__file__).parents[3] / "docs" / "PRICES.md"
DAY = datetime(2026, 11, 29, tzinfo=UTC)
BOOK = GenaiPrices(PRICE_LISTS, lambda: DAY)
MICROUSD = Decimal("0.000001")
BEGIN, END = "<!-- the table -->\n", "<!-- /the table -->\n"


def ours(row: Row) -> int | None:
    price = BOOK.price(row.provider, row.model)
    return None if price is None else price.cost_microusd(row.usage)


def by_hand(row: Row) -> Decimal:
    """The sum that stands in the row, from its tokens and its calls."""
    tokens, _, calls = row.by_hand.partition("; ")
    inside, _, factor = tokens.strip("(").partition(") * ")
    total = sum(
        (Decimal(count) * Decimal(price))
        for count, _, price in (part.partition("*") for part in inside.split(" + "))
    ) * Decimal(factor or 1)
    fees = Decimal(0)
    if calls:
        number, _, fee = calls.replace("calls", "call").partition(" call at ")
        fees = Decimal(number) * Decimal(fee)
    return Decimal(total) / 1_000_000 + fees


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.model}: {row.what}" for row in TABLE])
def test_each_usage_costs_what_it_comes_to_by_hand(row: Row) -> None:
    cost = ours(row)
    if row.usd is None:
        assert cost is None
        return
    assert by_hand(row) == row.usd
    assert cost is not None
    assert abs(Decimal(usd(cost)) - row.usd) <= MICROUSD


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.model}: {row.what}" for row in TABLE])
def test_the_cost_follows_from_the_usage_and_the_price_on_record(row: Row) -> None:
    price = BOOK.price(row.provider, row.model)
    if price is not None:
        recorded = Price.from_dict(price.applied(row.usage).to_dict())
        assert recorded.cost_microusd(row.usage) == ours(row)


def test_there_are_forty_and_the_document_holds_them() -> None:
    assert len(TABLE) >= 40
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert table == rendered()


def rendered() -> str:
    """The table of the document."""
    head = (
        "| model | what | usage | by hand | USD by hand | USD here |\n|---|---|---|---|---|---|\n"
    )
    return head + "".join(map(_line, TABLE))


def _line(row: Row) -> str:
    cost = ours(row)
    cells = (
        f"`{row.provider}/{row.model}`",
        row.what,
        _said(row.usage),
        f"[{row.by_hand}]({row.source})".replace("*", "·"),
        "unknown" if row.usd is None else f"{row.usd:f}",
        "unknown" if cost is None else usd(cost),
    )
    return f"| {' | '.join(cells)} |\n"


def _said(usage: Usage) -> str:
    counts = {name: getattr(usage, name) for name in ("input", "output", *_PARTS)} | dict(
        usage.calls
    )
    words = [f"{name} {count:,}" for name, count in counts.items() if count]
    words += [word for word in (usage.service_tier, usage.inference_geo) if word]
    words += [f"estimated: {', '.join(sorted(usage.estimated))}"] if usage.estimated else []
    words += [f"unknown: {', '.join(sorted(usage.unknown))}"] if usage.unknown else []
    return "; ".join(words)


_PARTS = (
    *("cached", "reasoning", "cache_write", "cache_write_hour"),
    *("audio_input", "audio_output", "image_input", "image_output"),
)

if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}{rendered()}{END}{after}", encoding="utf-8")
