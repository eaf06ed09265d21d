"""Limits, and what a request sets aside under them until it is settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# From here on callers and operators are told that a budget is nearly used up.
WARNING_PERCENT = 80


class Measure(StrEnum):
    """What a limit counts. Costs are integers of micro-dollars."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    COST = "cost"
    CONCURRENCY = "concurrency"


class Period(StrEnum):
    """A period of the calendar, in UTC."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `capacity` of `measure` for `scope` (`app-456`).

    `window` is a number of seconds (any window of that length), a period of the calendar, or None
    for what is under way at one moment. A shadow limit counts by itself and refuses nothing. One
    that may `fit` a request to what is left shortens its answer before it refuses.
    """

    measure: Measure
    scope: str
    capacity: int
    window: int | Period | None
    shadow: bool = False
    fit: bool = field(default=False, compare=False)

    @property
    def holds(self) -> bool:
        """True where a request sets something aside that has to be settled."""
        return self.measure is not Measure.REQUESTS

    @property
    def name(self) -> str:
        """How answers and records name it: `cost:app-456:day`."""
        if self.window is None:
            return f"{self.measure}:{self.scope}"
        seconds = "" if isinstance(self.window, Period) else "s"
        return f"{self.measure}:{self.scope}:{self.window}{seconds}"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request asks of all its limits together: the most that it can come to.

    `lease_seconds` bounds its life: a hold that is not settled by then is void. `note` says whose
    hold it was, for the audit trail.
    """

    request_id: str
    org_id: str
    limits: tuple[Limit, ...]
    tokens: int = 0
    cost_microusd: int = 0
    lease_seconds: float = 60.0
    note: Mapping[str, Any] = field(default_factory=dict)

    def amount(self, limit: Limit) -> int:
        """How much it takes of one limit."""
        return {Measure.TOKENS: self.tokens, Measure.COST: self.cost_microusd}.get(limit.measure, 1)


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """Where one limit stands after a decision; what others hold counts as used."""

    limit: Limit
    remaining: int
    reset_seconds: float

    @property
    def used_percent(self) -> int:
        """0 to 100, rounded down; 100 where there is no capacity at all."""
        if self.limit.capacity == 0:
            return 100
        return (self.limit.capacity - self.remaining) * 100 // self.limit.capacity


@dataclass(frozen=True, slots=True)
class Hold:
    """What an admitted request has set aside; `request_id` is its identity.

    `limits` are those it really counts under (a shadow limit that would have refused is not one).
    `admitted_at` is the ledger's own clock: the period to which the request is charged.
    """

    request_id: str
    org_id: str
    limits: tuple[Limit, ...] = ()
    tokens: int = 0
    cost_microusd: int = 0
    admitted_at: datetime | None = None

    def amount(self, limit: Limit) -> int:
        """How much is set aside under one limit."""
        return {Measure.TOKENS: self.tokens, Measure.COST: self.cost_microusd}.get(limit.measure, 1)


@dataclass(frozen=True, slots=True)
class Decision:
    """The ledger's answer. `refused_by` is None when the request is admitted.

    `fits` is False where the claim is larger than the whole limit: waiting will not help.
    `would_refuse` are the shadow limits that are reached. `degraded` marks a decision taken without
    Redis, by this process alone.
    """

    hold: Hold
    statuses: tuple[LimitStatus, ...]
    refused_by: Limit | None = None
    retry_after_seconds: float = 0.0
    fits: bool = True
    would_refuse: tuple[Limit, ...] = ()
    degraded: bool = False
