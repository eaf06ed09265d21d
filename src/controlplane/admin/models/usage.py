"""Usage: sums over whole days, in groups."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from controlplane.admin.models.fields import Day, Text, digits
from controlplane.admin.models.model import (
    QueryParameters,
    ResponseBody,
    examples,
    fault_at,
    told,
)
from controlplane.domain.questions import MAX_USAGE_GROUPS, USAGE_GROUPS

DEFAULT_DAYS, MAX_DAYS = 30, 400
MAX_TOP = 1_000

_EXAMPLE_SUMS: dict[str, Any] = {
    "requests": 1204,
    "refused": 31,
    "failed": 2,
    "tokens_input": 1_410_233,
    "tokens_output": 301_118,
    "tokens_cached": 201_984,
    "tokens_reasoning": 0,
    "tokens_cache_write": 0,
    "tokens_audio": 0,
    "tool_calls": 0,
    "unpriced_requests": 0,
    "cost_usd": "6.536763",
    "average_latency_ms": 1840,
}


def _groups(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text.strip() else ()


def _are_groups(text: str) -> str:
    names = _groups(text)
    if len(set(names)) != len(names) or not set(names) <= set(USAGE_GROUPS):
        raise ValueError
    return text


class UsageParameters(QueryParameters):
    """Which usage."""

    since: Day | None = Field(
        default=None,
        alias="from",
        description="The first day (UTC); 30 days up to `to` where left out.",
    )
    until: Day | None = Field(
        default=None, alias="to", description="The last day (UTC), included; today where left out."
    )
    group_by: Annotated[
        str,
        AfterValidator(_are_groups),
        told(f"must be different names out of {', '.join(USAGE_GROUPS)}, with commas between them"),
    ] = Field(
        default="",
        description=f"One row for each of these, with commas between them: "
        f"{', '.join(USAGE_GROUPS)}. `user` is the caller (`key:<id>` or `user:<sub>`), "
        "`end_user` the caller's own; a request counts under each of its tags, and once in the "
        f"totals. Without it, one row for all. At most {MAX_USAGE_GROUPS:,} rows.",
    )
    application_id: Text | None = Field(default=None, description="Of this application.")
    model: Text | None = Field(
        default=None, description="Of this model, as it was served, or asked for where none was."
    )
    provider: Text | None = Field(default=None, description="Of this provider.")
    session_id: Text | None = Field(default=None, description="Of this session.")
    tag: Text | None = Field(default=None, description="With this tag.")
    top: Annotated[
        Annotated[int, Field(ge=1, le=MAX_TOP), BeforeValidator(digits)] | None,
        told(f"must be an integer from 1 to {MAX_TOP:,}"),
    ] = Field(
        default=None,
        description="Only so many rows: those that cost most, the dearest first. The totals are "
        "over all of them.",
    )

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of `group_by`."""
        return _groups(self.group_by)

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last one."""
        last = self.until or datetime.now(UTC).date()
        earlier = date.fromordinal(max(1, last.toordinal() - DEFAULT_DAYS + 1))
        return self.since or earlier, last

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        first, last = self.days
        if first > last:
            raise fault_at("from", "must not be later than 'to'")
        if (last - first).days >= MAX_DAYS:
            raise fault_at("from", f"must be less than {MAX_DAYS} days before 'to'")
        return self


class Sums(ResponseBody):
    """What requests come to."""

    requests: int = Field(description="Answered or not, answers given again included.")
    refused: int = Field(description="Of these, answered with a status from 400 to 499.")
    failed: int = Field(description="Of these, answered with a status of 500 or more.")
    tokens_input: int
    tokens_output: int
    tokens_cached: int = Field(description="Part of the input.")
    tokens_reasoning: int = Field(description="Part of the output.")
    tokens_cache_write: int = Field(description="Part of the input.")
    tokens_audio: int = Field(description="Part of the input and of the output.")
    tool_calls: int = Field(description="Of tools that the provider runs, such as web searches.")
    unpriced_requests: int = Field(
        description="Of the requests, those that used something and have no known cost."
    )
    cost_usd: str = Field(description="Of what has a known price.")
    average_latency_ms: int | None = Field(description="Over all requests.")


class UsageRow(Sums):
    """The sums of one group: it holds the names of `group_by`, null where one is not known."""

    model: str | None = None
    application: str | None = None
    provider: str | None = None
    user: str | None = None
    session: str | None = None
    agent: str | None = None
    end_user: str | None = None
    tag: str | None = None
    day: date | None = Field(default=None, description="In UTC, of admission.")


class UsageReport(ResponseBody):
    """Sums in groups, and over all of them."""

    model_config = examples(
        {
            "data": [{"model": "gpt-5.5", "day": "2026-11-01", **_EXAMPLE_SUMS}],
            "totals": _EXAMPLE_SUMS,
            "from": "2026-11-01",
            "to": "2026-11-30",
        }
    )
    data: list[UsageRow]
    totals: Sums
    since: date = Field(alias="from")
    until: date = Field(alias="to")
