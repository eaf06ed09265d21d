"""Tokens and money. Money is integers of micro-dollars (1 USD = 1,000,000)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

MICROUSD_PER_USD = 1_000_000
# https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What a provider says it used.

    `cached` (read from a cache) and `cache_write` are parts of `input`, `reasoning` of `output`.
    `cache_write_hour` is the part of `cache_write` that is kept for an hour.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    cache_write: int = 0
    cache_write_hour: int = 0

    @property
    def billed(self) -> TokenUsage:
        """The same in what has a price: to keep a token for an hour costs two of input.

        https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing
        """
        if not self.cache_write_hour:
            return self
        return TokenUsage(
            self.input + self.cache_write_hour,
            self.output,
            self.cached,
            self.reasoning,
            self.cache_write - self.cache_write_hour,
        )


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


def estimated_usage(asked_characters: int, said_characters: int) -> TokenUsage:
    """What text of these lengths comes to, uncounted: about four characters a token."""
    return TokenUsage(
        input=-(-asked_characters // CHARACTERS_PER_TOKEN),
        output=-(-said_characters // CHARACTERS_PER_TOKEN),
    )


def microusd(usd: Decimal) -> int:
    """Micro-dollars, rounded up: a cost is never understated."""
    return int((usd * MICROUSD_PER_USD).to_integral_value(ROUND_CEILING))


def usd(cost_microusd: int) -> str:
    """Dollars as a plain decimal string, for headers and JSON: `0.000125`."""
    return f"{Decimal(cost_microusd) / MICROUSD_PER_USD:.6f}"
