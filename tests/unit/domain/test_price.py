"""What usage costs by a price: each item by itself, and nothing where one is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from controlplane.domain.price import OwnPrice, Price, own_price
from controlplane.domain.usage import Usage

FULL: dict[str, Any] = {
    "input": "2",
    "output": "10",
    "cached": "0.5",
    "cache_write": "2.5",
    "cache_write_hour": "4",
    "audio_input": "32",
    "audio_output": "64",
    "image_output": "40",
    "request": "0.001",
    "calls": {"web_search": "0.01", "web_fetch": "0"},
    "tiers": {
        "flex": {"input": "1", "output": "5", "above": {"1000": {"input": "2", "output": "7"}}}
    },
    "regions": {"us": "1.1"},
    "above": {"1000": {"input": "4", "output": "15"}, "5000": {"input": "8", "output": "30"}},
}
PRICE = Price.from_dict(FULL)
FEE = 1_000


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(100, 10), 200 + 100),
        (Usage(100, 10, cached=40), 60 * 2 + 20 + 100),
        (Usage(100, cached=40, cache_write=20, cache_write_hour=5), 80 + 20 + 15 * 2.5 + 20),
        (Usage(100, 10, audio_input=30, audio_output=4), 140 + 960 + 60 + 256),
        # A price of pictures in a prompt is missing: they are text. One of pictures made is not.
        (Usage(100, 10, image_input=50, image_output=5), 200 + 50 + 200),
        (Usage(100, calls=(("web_search", 3), ("web_fetch", 9))), 200 + 30_000),
        (Usage(100, calls=(("unheard_of", 0),)), 200),
        (Usage(100, 10, service_tier="flex"), 150),
        (Usage(100, 10, service_tier="default", inference_geo="global"), 300),
        (Usage(100, 10, inference_geo="us"), 330),
        (Usage(1_000, 10), 2_100),
        (Usage(1_001, 10), 4_004 + 150),
        (Usage(6_000, 10), 48_000 + 300),
        (Usage(1_001, 10, service_tier="flex"), 2_002 + 70),
        # The cached part of a prompt of audio is charged as audio.
        (Usage(100, audio_input=90, cached=50), 10 * 0.5 + 90 * 32),
    ],
)
def test_each_item_has_its_own_price(usage: Usage, cost: float) -> None:
    assert PRICE.cost_microusd(usage) == -(-int(cost * 10) // 10) + FEE


@pytest.mark.parametrize(
    "usage",
    [
        Usage(10, 5, audio_input=1),
        Usage(10, 5, audio_output=1),
        Usage(10, 5, image_output=1),
        Usage(10, 5, calls=(("web_search", 1),)),
        Usage(10, 5, service_tier="priority"),
        Usage(10, 5, inference_geo="us"),
        Usage(10, 5, unknown=frozenset({"audio_input"})),
    ],
)
def test_what_has_no_price_makes_the_cost_unknown(usage: Usage) -> None:
    assert Price(Decimal(1), Decimal(2)).cost_microusd(usage) is None


@pytest.mark.parametrize(
    "usage",
    [
        Usage(100, 10),
        Usage(1_500, 10, cached=200, calls=(("web_search", 2),)),
        Usage(9_000, 10, service_tier="flex", inference_geo="us"),
        Usage(900, 10, audio_input=100),
    ],
)
def test_the_part_that_is_recorded_charges_the_same(usage: Usage) -> None:
    recorded = PRICE.applied(usage).to_dict()
    assert Price.from_dict(recorded).cost_microusd(usage) == PRICE.cost_microusd(usage)
    assert len(str(recorded)) < len(str(FULL))


def test_a_price_reads_what_it_writes() -> None:
    assert PRICE.to_dict() == FULL
    own = OwnPrice("p", "m", PRICE).to_dict()
    assert Price.from_dict(own) == PRICE
    assert own["image_input"] is None


def test_the_longest_glob_stands_in_for_a_name_without_a_price() -> None:
    prices = {
        ("p", glob): Price(Decimal(number), Decimal(0))
        for number, glob in enumerate(("*", "loc-*", "loc-big", "loc-*-new"))
    }
    found = {
        model: price and int(price.input)
        for model in ("x", "loc-a", "loc-big", "loc-a-new")
        if (price := own_price(prices, "p", model))
    }
    assert found == {"x": 0, "loc-a": 1, "loc-big": 2, "loc-a-new": 3}
    assert own_price(prices, "other", "loc-a") is None
    assert own_price({("p", "m[1]*"): PRICE}, "p", "m1") is None
