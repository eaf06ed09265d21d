"""Limits, and what a request sets aside under them until it is settled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

# From here on callers and operators are told that a budget is nearly used up.
WARNING_PERCENT = 80

UTC_ZONE = "UTC"
# Of requests: a larger limit is counted in buckets, and not request by request.
MOST_LOGGED = 10_000
# The same for a limit that has many counters.
MOST_LOGGED_EACH = 60
# The names of the counters for requests that name no end user or session, and for all that come
# once a limit has as many counters as it may have. Digests of names have no such form.
UNNAMED, OTHERS = "unnamed", "others"


class Measure(StrEnum):
    """What a limit counts. Costs are integers of micro-dollars."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    COST = "cost"
    CONCURRENCY = "concurrency"


class Period(StrEnum):
    """A period of the calendar; a week begins on Monday, and a lifetime never ends."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    LIFETIME = "lifetime"


class Per(StrEnum):
    """Of what each one has a counter of its own."""

    END_USER = "end_user"
    SESSION = "session"

    @property
    def noun(self) -> str:
        """As a sentence names it: `end user`."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `capacity` of `measure` for `scope` (`app-456`).

    `window` is a number of seconds (any window of that length), a period of the calendar of
    `time_zone`, or None for what is under way at one moment. A shadow limit counts by itself and
    refuses nothing. One that may `fit` a request to what is left shortens its answer before it
    refuses.

    `models` are globs of the models whose requests count, all where there are none. With `per`,
    each end user or session has its own counter; `counter` then says which one is meant, once that
    is known.
    """

    measure: Measure
    scope: str
    capacity: int
    window: int | Period | None
    shadow: bool = False
    fit: bool = field(default=False, compare=False)
    models: tuple[str, ...] = ()
    per: Per | None = None
    time_zone: str = UTC_ZONE
    counter: str = ""

    @property
    def selects(self) -> bool:
        """True where it depends on the request which counter is meant, or whether any is."""
        return bool(self.models or self.per)

    @property
    def is_logged(self) -> bool:
        """True where each request is kept with its time, rather than a number for each bucket."""
        most = MOST_LOGGED if self.per is None else MOST_LOGGED_EACH
        return self.measure is Measure.REQUESTS and self.capacity <= most

    @property
    def holds(self) -> bool:
        """True where a request sets something aside that has to be settled."""
        return self.measure is not Measure.REQUESTS

    @property
    def name(self) -> str:
        """How answers and records name it: `cost:app-456:day`, and of a limit that selects
        requests `tokens:app-456:60s:models-0123456789ab:end_user`."""
        return ":".join([self.measure, self.scope, *self.suffixes])

    @property
    def suffixes(self) -> list[str]:
        """What tells it from other limits of the same measure and scope, but for `counter`."""
        parts = []
        if isinstance(self.window, Period):
            zone = "" if self.time_zone == UTC_ZONE else f"@{self.time_zone}"
            parts.append(f"{self.window}{zone}")
        elif self.window is not None:
            parts.append(f"{self.window}s")
        if self.models:
            parts.append(f"models-{_digest(*self.models)[:12]}")
        if self.per is not None:
            parts.append(self.per.value)
        return parts


@lru_cache(maxsize=4_096)
def _digest(*texts: str) -> str:
    joined = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()


def counter_of(org_id: str, per: Per, name: str | None) -> str:
    """The counter of an end user or session: a digest, for the name may be an address of a person.

    No two organisations have the same one.
    """
    return _digest(org_id, per, name)[:32] if name else UNNAMED


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
