"""`rate_limits`: requests per sliding window. The limits of all levels hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.domain.limits import Limit, Measure
from controlplane.policy.rule import LevelValue, Rule, integer, read_array, read_object
from controlplane.policy.tightest import tightest

MAX_LIMITS = 8
MAX_WINDOW_SECONDS = 86_400
MAX_REQUESTS = 1_000_000

# (requests, seconds)
Windows = tuple[tuple[int, int], ...]

_READERS = {"requests": integer(0, MAX_REQUESTS), "window_seconds": integer(1, MAX_WINDOW_SECONDS)}


def parse(value: Any, field: str) -> Windows:
    """`[{"requests": 100, "window_seconds": 60}]`. An empty array says: no limit at this level."""
    return read_array(value, field, _limit, 0, MAX_LIMITS)


def _limit(value: Any, field: str) -> tuple[int, int]:
    limit = read_object(value, field, _READERS, list(_READERS))
    return limit["requests"], limit["window_seconds"]


def merge(stated: Sequence[LevelValue[Windows]]) -> tuple[Limit, ...]:
    """Every limit with its scope; of two with the same scope and window the smaller one counts."""
    return tightest(
        Limit(Measure.REQUESTS, entry.scope, requests, seconds)
        for entry in stated
        for requests, seconds in entry.value
    )


RULE = Rule(
    "rate_limits",
    parse,
    merge,
    "all hold at once, each counted for its own level; of two with one window the smaller",
)
