"""What administrators ask of the records: which requests, which usage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

# Those that sums are kept of for every day, and those that are summed up from the records.
DAILY_GROUPS = ("model", "application", "provider", "user", "day")
USAGE_GROUPS = (*DAILY_GROUPS, "session", "agent", "end_user", "tag")
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
    "tokens_cache_write",
    "tokens_audio",
    "tool_calls",
    "unpriced_requests",
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
    session_id: str | None = None
    tag: str | None = None

    @property
    def is_daily(self) -> bool:
        """True where the sums of each day say it."""
        stated = self.session_id or self.tag
        return stated is None and set(self.group_by) <= set(DAILY_GROUPS)


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
    session_id: str | None = None
    agent_id: str | None = None
    end_user: str | None = None
    tag: str | None = None
