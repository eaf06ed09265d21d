"""Budgets: where a cost cap or a token limit stands, and at which pace it is used up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controlplane.domain.limits import Limit, LimitStatus, Period
from controlplane.domain.policy import Level

# Before so much of a period has passed, its pace says little about its end.
LEAST_PART_FOR_A_PACE = 0.05
# Longer than every period and window: what resets later never does.
_NEVER_SECONDS = 400 * 86_400.0


def resets(status: LimitStatus) -> bool:
    """Whether a limit has used something that comes back by itself."""
    return 0 < status.reset_seconds < _NEVER_SECONDS


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a limit is; `name` is None where a level has none (users), or its row is gone."""

    level: Level
    subject_id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a counter says, in micro-dollars or tokens; it resets at `resets_at`.

    `starts_at` is None for a rolling window, which has neither start nor end.
    """

    spent: int
    held: int
    starts_at: datetime | None
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit at the moment `now` of the ledger's clock. `counted` is None where that is lost: then
    nothing is admitted under it."""

    limit: Limit
    owner: Owner
    now: datetime
    counted: Counted | None

    @property
    def left(self) -> int | None:
        """What the next request may still take; what others hold counts as used."""
        if self.counted is None:
            return None
        return max(0, self.limit.capacity - self.counted.spent - self.counted.held)

    @property
    def used_percent(self) -> int | None:
        """Of spent and held together, 0 to 100, rounded down."""
        left = self.left
        if left is None:
            return None
        if self.limit.capacity == 0:
            return 100
        return (self.limit.capacity - left) * 100 // self.limit.capacity

    @property
    def projected(self) -> int | None:
        """What will have been spent at the end of the period at the pace of so far.

        None for a rolling window, and until LEAST_PART_FOR_A_PACE of the period has passed.
        """
        pace = self._pace
        if pace is None:
            return None
        spent, passed, whole = pace
        return -(-spent * (whole // _MICROSECOND) // (passed // _MICROSECOND))

    @property
    def runs_out_at(self) -> datetime | None:
        """When it is used up at that pace; None where not before the period ends, or unknown."""
        pace, capacity = self._pace, self.limit.capacity
        if pace is None or pace[0] == 0 or self.counted is None or self.counted.starts_at is None:
            return None
        spent, passed, whole = pace
        at = capacity * (passed // _MICROSECOND) // spent
        if at >= whole // _MICROSECOND:
            return None
        return max(self.now, self.counted.starts_at + at * _MICROSECOND)

    @property
    def urgency(self) -> tuple[int, datetime, int, str]:
        """Orders budgets by which one stops its callers next: first those that stop them now."""
        stops_now = self.left is None or self.left == 0
        at = self.runs_out_at
        return (
            0 if stops_now else 1 if at else 2,
            at or self.now,
            -(self.used_percent or 0),
            self.limit.name,
        )

    @property
    def _pace(self) -> tuple[int, timedelta, timedelta] | None:
        """What was spent in which part of which period."""
        counted = self.counted
        if counted is None or counted.starts_at is None or counted.resets_at is None:
            return None
        passed, whole = self.now - counted.starts_at, counted.resets_at - counted.starts_at
        if passed < whole * LEAST_PART_FOR_A_PACE:
            return None
        return counted.spent, passed, whole


_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request made of a cost cap: spent `before` and `after` it, in micro-dollars.

    `period` names the period that was charged, in every process alike; a rolling window is one for
    as long as it lasts. A refusal by a cap charges nothing: `after` is what was used up.
    """

    limit: Limit
    before: int
    after: int
    period: str
    refused: bool = False

    @classmethod
    def settled(cls, limit: Limit, before: int, after: int, bucket: int) -> Charge:
        """By the bucket of the ledger."""
        is_period = isinstance(limit.window, Period)
        return cls(limit, before, after, str(bucket if is_period else bucket // _BUCKETS))

    @classmethod
    def refusal(cls, status: LimitStatus, at: datetime) -> Charge:
        """Of a cap that has refused a request. Its period is known by its end: to a quarter of an
        hour, so that no two clocks differ about it."""
        limit = status.limit
        used = limit.capacity - status.remaining
        seconds = at.timestamp()
        if isinstance(limit.window, Period):
            ends = seconds + status.reset_seconds if resets(status) else 0
            return cls(limit, used, used, f"until {round(ends / _QUARTER)}", refused=True)
        assert limit.window is not None
        return cls(limit, used, used, f"in {int(seconds // limit.window)}", refused=True)

    def crosses(self, percent: int) -> bool:
        """True where this request has used up so much for the first time."""
        return self.before * 100 < percent * self.limit.capacity <= self.after * 100

    @staticmethod
    def checked(row: Mapping[str, Any]) -> dict[str, Any]:
        """What `to_dict` wrote. Raises KeyError and TypeError."""
        read = {name: row[name] for name in _CHARGE}
        if not all(type(read[name]) is kind for name, kind in _CHARGE.items()):
            raise TypeError("not a charge")
        return read

    def to_dict(self) -> dict[str, Any]:
        """As it travels with the audit event."""
        return {
            "name": self.limit.name,
            "capacity": self.limit.capacity,
            "before": self.before,
            "after": self.after,
            "period": self.period,
            "refused": self.refused,
        }


_CHARGE = {
    "name": str,
    "capacity": int,
    "before": int,
    "after": int,
    "period": str,
    "refused": bool,
}
# A rolling window has so many: `scripts/counters.lua`.
_BUCKETS = 60
_QUARTER = 900
