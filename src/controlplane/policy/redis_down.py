"""`when_redis_is_down`: whether requests pass while what they count in cannot be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import an_object, one_of


class WhenDown(StrEnum):
    """What to do when the store behind a limit does not respond."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WhenRedisIsDown:
    """For rates and concurrency, and for costs. Where no level says anything rates are open and
    costs closed: a moment without a rate limit is borne more easily than a bill."""

    rate: WhenDown = WhenDown.OPEN
    cost: WhenDown = WhenDown.CLOSED


def _merge(stated: Sequence[LevelValue[dict[str, WhenDown]]]) -> WhenRedisIsDown:
    """Closed as soon as one level says so."""
    merged: dict[str, WhenDown] = {}
    for entry in stated:
        for name, says in entry.value.items():
            if merged.get(name) is not WhenDown.CLOSED:
                merged[name] = says
    return WhenRedisIsDown(**merged)


def _describe(merged: WhenRedisIsDown) -> dict[str, Any]:
    return {"rate": merged.rate.value, "cost": merged.cost.value}


WHEN_REDIS_IS_DOWN: MergedRule[dict[str, WhenDown], WhenRedisIsDown] = MergedRule(
    field="when_redis_is_down",
    shape=an_object(
        {
            "rate": one_of(WhenDown, example=WhenDown.OPEN),
            "cost": one_of(WhenDown, example=WhenDown.CLOSED),
        }
    ),
    says='`{"rate": "open"|"closed", "cost": "open"|"closed"}`: whether requests pass while '
    "they cannot be counted; `rate` stands for tokens and concurrency too",
    merges="closed as soon as one level says so; where none does, `rate` is open and `cost` closed",
    merge=_merge,
    default=WhenRedisIsDown(),
    describe=_describe,
    has_shadow=False,
)
