"""`when_redis_is_down`: whether requests pass while what they count in cannot be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.domain.access import WhenDown
from controlplane.policy.rule import LevelValue, Rule, one_of, read_object


@dataclass(frozen=True, slots=True)
class WhenRedisIsDown:
    """For rates and concurrency, and for costs. None: the level says nothing about that."""

    rate: WhenDown | None = None
    cost: WhenDown | None = None


def parse(value: Any, field: str) -> WhenRedisIsDown:
    """`{"rate": "open", "cost": "closed"}`, each of them optional."""
    readers = {"rate": one_of(WhenDown), "cost": one_of(WhenDown)}
    return WhenRedisIsDown(**read_object(value, field, readers))


def merge(stated: Sequence[LevelValue[WhenRedisIsDown]]) -> WhenRedisIsDown:
    """Closed as soon as one level says so. Where none says anything rates are open, costs closed:
    a moment without a rate limit is borne more easily than a bill."""
    rates = {entry.value.rate for entry in stated}
    costs = {entry.value.cost for entry in stated}
    is_open = WhenDown.CLOSED not in costs and WhenDown.OPEN in costs
    return WhenRedisIsDown(
        rate=WhenDown.CLOSED if WhenDown.CLOSED in rates else WhenDown.OPEN,
        cost=WhenDown.OPEN if is_open else WhenDown.CLOSED,
    )


RULE = Rule(
    "when_redis_is_down",
    parse,
    merge,
    "closed as soon as one level says so; where none does, `rate` is open and `cost` closed",
    has_shadow=False,
)
