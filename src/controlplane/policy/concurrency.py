"""`concurrency`: how many requests may be under way at one moment. All levels hold at once."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.limits import Limit, Measure
from controlplane.policy.rule import LevelValue, Rule, integer
from controlplane.policy.tightest import tightest

MAX_CONCURRENCY = 100_000


def merge(stated: Sequence[LevelValue[int]]) -> tuple[Limit, ...]:
    """One limit per scope."""
    return tightest(Limit(Measure.CONCURRENCY, entry.scope, entry.value, None) for entry in stated)


RULE = Rule(
    "concurrency",
    integer(0, MAX_CONCURRENCY),
    merge,
    "all hold at once, each counted for its own level",
)
