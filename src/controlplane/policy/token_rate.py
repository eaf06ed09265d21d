"""`token_limits`: tokens of prompts and answers per sliding window. All levels hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.domain.limits import Limit, Measure
from controlplane.policy.rule import LevelValue, Rule, integer, read_array, read_object
from controlplane.policy.tightest import tightest

MAX_LIMITS = 8
MAX_WINDOW_SECONDS = 86_400
# Redis counts in doubles, which are exact up to 2^53.
MAX_TOKENS = 1_000_000_000_000

# (tokens, seconds)
Windows = tuple[tuple[int, int], ...]

_READERS = {"tokens": integer(0, MAX_TOKENS), "window_seconds": integer(1, MAX_WINDOW_SECONDS)}


def parse(value: Any, field: str) -> Windows:
    """`[{"tokens": 100000, "window_seconds": 60}]`."""
    return read_array(value, field, _limit, 0, MAX_LIMITS)


def _limit(value: Any, field: str) -> tuple[int, int]:
    limit = read_object(value, field, _READERS, list(_READERS))
    return limit["tokens"], limit["window_seconds"]


def merge(stated: Sequence[LevelValue[Windows]]) -> tuple[Limit, ...]:
    """Every limit with its scope; of two with the same scope and window the smaller one counts."""
    return tightest(
        Limit(Measure.TOKENS, entry.scope, tokens, seconds)
        for entry in stated
        for tokens, seconds in entry.value
    )


RULE = Rule(
    "token_limits",
    parse,
    merge,
    "all hold at once, each counted for its own level; of two with one window the smaller",
)
