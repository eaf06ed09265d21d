"""What administrators ask of the records: which requests, which usage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

DAILY_GROUPS = ("model", "application", "provider", "user", "day")
# What callers say that requests belong to: sums of each are kept, and of no two together.
ATTRIBUTIONS = ("session", "agent", "end_user", "tag")
USAGE_GROUPS = (*DAILY_GROUPS, *ATTRIBUTIONS)
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
    """The days `first` to `last` (both included, UTC) in groups out of USAGE_GROUPS.

    `top` asks for so many groups that cost most, instead of all.
    """

    first: date
    last: date
    group_by: tuple[str, ...] = ()
    application_id: str | None = None
    model: str | None = None
    provider: str | None = None
    session_id: str | None = None
    tag: str | None = None
    top: int | None = None

    @property
    def is_daily(self) -> bool:
        """True where the sums of each day say it."""
        return not self._attributions

    @property
    def attribution(self) -> str | None:
        """The one out of ATTRIBUTIONS whose sums say it; None where only the records do."""
        if len(self._attributions) != 1 or "user" in self.group_by:
            return None
        # A request with this tag counts under its others, too.
        return None if self.tag and "tag" in self.group_by else min(self._attributions)

    @property
    def _attributions(self) -> set[str]:
        stated = (("session", self.session_id), ("tag", self.tag))
        return {name for name, value in stated if value is not None} | (
            set(self.group_by) & set(ATTRIBUTIONS)
        )


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
