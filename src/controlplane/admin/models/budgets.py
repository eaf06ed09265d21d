"""Where limits stand: budgets as administrators see them, and limits as their holder does."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from controlplane.admin.models.fields import Text, Time
from controlplane.admin.models.model import QueryParameters, ResponseBody, examples, one_of
from controlplane.admin.models.pages import DEFAULT_LIMIT
from controlplane.admin.models.pages import Limit as Rows
from controlplane.admin.models.whoami import WhoAmI
from controlplane.domain.budget import Budget, resets
from controlplane.domain.limits import Limit, LimitStatus, Measure, Per, Period
from controlplane.domain.policy import Level
from controlplane.domain.usage import usd

Amount = str | int
State = Literal["open", "lost"]
_AMOUNT = "US dollars as a decimal string for costs, else a number."
_STATE = (
    "`lost`: what was spent is being counted anew, and nothing is admitted under it until then."
)
_LIMIT: dict[str, Any] = {
    "name": "cost:app-support:month",
    "measure": "cost",
    "scope": "app-support",
    "period": "month",
    "window_seconds": None,
    "time_zone": "UTC",
    "models": [],
    "per": None,
    "limit": "100.000000",
    "left": "31.250000",
    "resets_at": "2026-12-01T00:00:00+00:00",
    "state": "open",
}


class LimitShown(ResponseBody):
    """One limit, and what is left of it."""

    name: str = Field(description="As headers, records and refusals name it.")
    measure: Measure
    scope: str = Field(description="Which level counts it: `app-...`, `key-...`, `org-...`.")
    period: str | None
    window_seconds: int | None
    time_zone: str = Field(description="Of its period.")
    models: list[str] = Field(
        description="Only requests for these count; where there are none, all do."
    )
    per: Per | None = Field(description="Each of these has as much for itself.")
    limit: Amount = Field(description=_AMOUNT)
    left: Amount | None = Field(
        description="What the next request may still take, what others hold taken off; as in the "
        "headers. Null where that is lost, and for the caller itself where `per` makes it differ."
    )
    resets_at: Time | None = Field(
        description="When the period ends; for a rolling window, when some of it is free again."
    )
    state: State = Field(description=_STATE)


class BudgetShown(LimitShown):
    """A cost cap or token limit of a policy in force; with `per` as for the one that used most."""

    model_config = examples(
        {
            **_LIMIT,
            "level": "application",
            "subject_id": "app-support",
            "subject_name": "Support assistant",
            "spent": "68.700000",
            "held": "0.050000",
            "used_percent": 68,
            "projected": "121.900000",
            "runs_out_at": "2026-11-24T16:05:00+00:00",
        }
    )
    level: Level
    subject_id: str
    subject_name: str | None
    spent: Amount | None = Field(description=_AMOUNT)
    held: Amount | None = Field(description="Set aside by requests under way.")
    used_percent: int | None = Field(description="Spent and held together, rounded down.")
    projected: Amount | None = Field(
        description="Spent at the end of the period at the pace since its start. Null for rolling "
        "windows, and before a twentieth of the period has passed."
    )
    runs_out_at: Time | None = Field(
        description="When it is used up at that pace. Null where not before it resets, or unknown."
    )


class BudgetsShown(ResponseBody):
    """The first of the budgets, the one that stops its callers next before all others."""

    data: list[BudgetShown]
    total: int = Field(description="How many there are.")


class BudgetQuery(QueryParameters):
    """Which budgets."""

    application_id: Text | None = Field(
        default=None, description="Of this application and its keys."
    )
    measure: Annotated[Literal["cost", "tokens"] | None, one_of(("cost", "tokens"))] = Field(
        default=None, description="Only cost caps, or token limits."
    )
    limit: Rows = Field(default=DEFAULT_LIMIT, description="How many.")


class Spent(ResponseBody):
    """What requests of this credential cost, in US dollars; they count seconds after their end."""

    today: str
    month: str


class Me(WhoAmI):
    """Who the caller is, and what it may still do."""

    model_config = examples(
        {
            "organization_id": "org-acme",
            "role": "service",
            "application_id": "app-support",
            "subject": "key:key-5f0c",
            "limits": [_LIMIT],
            "spent_usd": {"today": "1.250000", "month": "68.700000"},
            "models": ["gpt-5.5"],
        }
    )
    limits: list[LimitShown] = Field(
        description="All that hold for the caller; each counts for its own scope, which others "
        "may share."
    )
    spent_usd: Spent | None = Field(
        description="By this credential, in UTC; null where that cannot be read at the moment."
    )
    models: list[str] = Field(description="As `GET /v1/models` lists them.")


def shown_budget(budget: Budget) -> BudgetShown:
    """A budget in JSON."""
    limit, counted = budget.limit, budget.counted
    return BudgetShown(
        **_named(limit),
        left=_amount(limit, budget.left),
        resets_at=counted.resets_at if counted else None,
        state="lost" if counted is None else "open",
        level=budget.owner.level,
        subject_id=budget.owner.subject_id,
        subject_name=budget.owner.name,
        spent=_amount(limit, counted.spent if counted else None),
        held=_amount(limit, counted.held if counted else None),
        used_percent=budget.used_percent,
        projected=_amount(limit, budget.projected),
        runs_out_at=budget.runs_out_at,
    )


def shown_limit(status: LimitStatus, now: datetime) -> LimitShown:
    """A limit where it stands."""
    limit = status.limit
    return LimitShown(
        **_named(limit),
        left=_amount(limit, status.remaining),
        resets_at=_second(now, status.reset_seconds) if resets(status) else None,
        state="open",
    )


def _second(now: datetime, seconds: float) -> datetime:
    """So many seconds on, to the second: periods end at one, and two clocks are at work."""
    return (now + timedelta(seconds=seconds + 0.5)).replace(microsecond=0)


def shown_each(limit: Limit) -> LimitShown:
    """A limit that each end user or session has for itself."""
    return LimitShown(**_named(limit), left=None, resets_at=None, state="open")


def shown_lost(limit: Limit) -> LimitShown:
    """A limit of which that is lost."""
    return LimitShown(**_named(limit), left=None, resets_at=None, state="lost")


def _named(limit: Limit) -> dict[str, Any]:
    is_period = isinstance(limit.window, Period)
    return {
        "name": limit.name,
        "measure": limit.measure,
        "scope": limit.scope,
        "period": limit.window if is_period else None,
        "window_seconds": None if is_period else limit.window,
        "time_zone": limit.time_zone,
        "models": list(limit.models),
        "per": limit.per,
        "limit": _amount(limit, limit.capacity),
    }


def _amount(limit: Limit, value: int | None) -> Amount | None:
    return usd(value) if value is not None and limit.measure is Measure.COST else value
