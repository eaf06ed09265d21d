"""Usage as providers report it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from controlplane.domain.price import Price
from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.usage import read_usage


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"cached_tokens": 60}, Usage(input=100, output=5, cached=60)),
        ({"cached_tokens": 900}, Usage(input=900, output=5, cached=900)),
        (
            {"cached_tokens": 80, "cache_write_tokens": 70},
            Usage(input=150, output=5, cached=80, cache_write=70),
        ),
        (
            {"cache_write_tokens": 70, "cache_write_1h_tokens": 50},
            Usage(input=100, output=5, cache_write=70, cache_write_hour=50),
        ),
        (
            {"cache_write_tokens": 70, "cache_write_1h_tokens": 90},
            Usage(input=100, output=5, cache_write=70, cache_write_hour=70),
        ),
    ],
)
def test_a_prompt_is_never_less_than_its_parts(details: dict[str, Any], expected: Usage) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": details}
    assert read_usage(usage) == expected


def test_what_is_kept_for_an_hour_costs_two_of_input() -> None:
    price = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"))
    usage = Usage(input=1_000, cache_write=900, cache_write_hour=500)
    assert price.cost_microusd(usage) == 100 * 3 + 400 * 3.75 + 500 * 6
