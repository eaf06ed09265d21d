"""Tokens and money. Money is integers of micro-dollars (1 USD = 1,000,000)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any

MICROUSD_PER_USD = 1_000_000
# About a million dollars: with no larger number in a record, the sums of a day stay within 64 bits.
MAX_STORED = 2**40
# No request comes to more. The longest contexts hold ten million tokens, and at 1,000 dollars a
# million the cost of so many can still be stored.
MAX_TOKENS = 2**30
MAX_CALLS = 10_000
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

    @property
    def is_counted(self) -> bool:
        """True where it says that anything was used."""
        return bool(self.input or self.output or self.calls)

    @property
    def is_possible(self) -> bool:
        """False where a number is larger than that of any request."""
        return (
            self.input <= MAX_TOKENS
            and self.output <= MAX_TOKENS
            and all(count <= MAX_CALLS for _, count in self.calls)
        )

    def raised(self, later: Usage) -> Usage:
        """The larger one of each count: those of a stream are cumulative, and servers that do not
        count yet, or no more, say zero."""
        mine = dict(self.calls)
        calls = {name: max(mine.get(name, 0), count) for name, count in later.calls}
        return Usage(
            **{name: max(getattr(self, name), getattr(later, name)) for name in COUNTS},
            calls=sorted_calls(mine | calls),
            service_tier=later.service_tier or self.service_tier,
            inference_geo=later.inference_geo or self.inference_geo,
            estimated=self.estimated | later.estimated,
            unknown=self.unknown | later.unknown,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, of the items that say something."""
        row: dict[str, Any] = {name: n for name in COUNTS if (n := getattr(self, name))}
        if self.calls:
            row["calls"] = dict(self.calls)
        row |= {name: text for name in _WORDS if (text := getattr(self, name)) is not None}
        return row | {name: sorted(names) for name in _MARKS if (names := getattr(self, name))}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Usage:
        """Read what `to_dict` wrote; what a newer writer added is left out. Raises TypeError and
        ValueError."""
        items: dict[str, Any] = {name: _stored(row[name]) for name in COUNTS if name in row}
        items |= {name: row[name] for name in _WORDS if isinstance(row.get(name), str)}
        items |= {name: frozenset(map(str, row[name])) for name in _MARKS if name in row}
        calls = {name: _stored(count) for name, count in row.get("calls", {}).items()}
        return cls(**items, calls=sorted_calls(calls))


COUNTS = (
    *("input", "output", "cached", "reasoning", "cache_write", "cache_write_hour"),
    *("audio_input", "audio_output", "image_input", "image_output"),
)
_WORDS = ("service_tier", "inference_geo")
_MARKS = ("estimated", "unknown")


def sorted_calls(calls: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """`Usage.calls`: those that were made, by name."""
    return tuple(sorted((name, count) for name, count in calls.items() if count))


def _stored(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= MAX_STORED:
        raise ValueError("number out of range")
    return value


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
