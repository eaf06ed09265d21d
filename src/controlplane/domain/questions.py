"""What administrators ask of the records: which requests, which usage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

USAGE_GROUPS = ("model", "application", "provider", "user", "day")
MAX_USAGE_GROUPS = 10_000
USAGE_SUMS = (
    "requests",
    "refused",
    "failed",
    "tokens_input",
    "tokens_output",
    "tokens_cached",
    "tokens_reasoning",
    "cost_microusd",
    "latency_ms",
)


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """The days `first` to `last` (both included, UTC) in groups out of USAGE_GROUPS."""

    first: date
    last: date
    group_by: tuple[str, ...] = ()
    application_id: str | None = None
    model: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What a record has to match in all that is not None.

    `since` is included, `until` is not. `model` is the requested or the served one, `status` the
    lowest and the highest, `min_cost_microusd` leaves out what has no known cost.
    """

    since: datetime | None = None
    until: datetime | None = None
    application_id: str | None = None
    subject: str | None = None
    model: str | None = None
    provider: str | None = None
    status: tuple[int, int] | None = None
    code: str | None = None
    min_cost_microusd: int | None = None
