"""Tokens and money. Money is integers of micro-dollars (1 USD = 1,000,000)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

MICROUSD_PER_USD = 1_000_000
# https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request used, in the line items that its bill is made of.

    Counts are tokens. `input` and `output` are whole, and the others parts of one of them:
    `cached` (read from a cache), `cache_write` and its part `cache_write_hour` (kept for an hour),
    `audio_input` and `image_input` of `input`; `reasoning`, `audio_output` and `image_output` of
    `output`. `calls` counts what the provider's own tools did, by name: `(("web_search", 2),)`.
    `service_tier` and `inference_geo` say how and where the answer was made.

    `estimated` names the items that no provider reported, `unknown` those that were used and whose
    amount cannot be told.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    cache_write: int = 0
    cache_write_hour: int = 0
    audio_input: int = 0
    audio_output: int = 0
    image_input: int = 0
    image_output: int = 0
    calls: tuple[tuple[str, int], ...] = ()
    service_tier: str | None = None
    inference_geo: str | None = None
    estimated: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """What one image in a request comes to: usually, and at most.

    `at_most_of` has another maximum for models with a word in their name.
    """

    at_most: int
    at_most_of: Mapping[str, int] = field(default_factory=dict)
    usual: int = 1_000

    def bound(self, model: str) -> int:
        """The most that it comes to with `model`."""
        found = (tokens for word, tokens in self.at_most_of.items() if word in model)
        return max(found, default=self.at_most)


def estimated_usage(asked_characters: int, said_characters: int) -> Usage:
    """What text of these lengths comes to, uncounted: about four characters a token."""
    return Usage(
        input=-(-asked_characters // CHARACTERS_PER_TOKEN),
        output=-(-said_characters // CHARACTERS_PER_TOKEN),
    )


def microusd(usd: Decimal) -> int:
    """Micro-dollars, rounded up: a cost is never understated."""
    return int((usd * MICROUSD_PER_USD).to_integral_value(ROUND_CEILING))


def usd(cost_microusd: int) -> str:
    """Dollars as a plain decimal string, for headers and JSON: `0.000125`."""
    return f"{Decimal(cost_microusd) / MICROUSD_PER_USD:.6f}"
