"""The pace of a budget, and which one is next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controlplane.domain.budget import Budget, Counted, Owner
from controlplane.domain.limits import Limit, Measure, Period
from controlplane.domain.policy import Level

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
CAP = Limit(Measure.COST, "app-1", 1_000, Period.MONTH)


def budget(spent: int, days: float, *, held: int = 0, capacity: int = 1_000) -> Budget:
    limit = Limit(Measure.COST, f"app-{spent}", capacity, Period.MONTH)
    counted = Counted(spent, held, START, END)
    owner = Owner(Level.APPLICATION, limit.scope)
    return Budget(limit, owner, START + timedelta(days=days), counted)


@pytest.mark.parametrize(
    ("spent", "days", "projected", "runs_out"),
    [
        (300, 15, 600, None),
        (500, 15, 1_000, None),
        (600, 15, 1_200, START + timedelta(days=25)),
        (0, 15, 0, None),
        # 1.5 days of 30 are the least.
        (100, 1.4, None, None),
        (100, 1.5, 2_000, START + timedelta(days=15)),
        # Already beyond: now, and not in the past.
        (1_000, 15, 2_000, START + timedelta(days=15)),
    ],
)
def test_the_pace_of_so_far_says_how_the_period_ends(
    spent: int, days: float, projected: int | None, runs_out: datetime | None
) -> None:
    standing = budget(spent, days)
    assert (standing.projected, standing.runs_out_at) == (projected, runs_out)


def test_a_rolling_window_has_no_end_to_project() -> None:
    limit = Limit(Measure.COST, "app-1", 1_000, 3_600)
    owner = Owner(Level.APPLICATION, "app-1")
    standing = Budget(limit, owner, END, Counted(900, 50, None, END + timedelta(hours=1)))
    assert (standing.projected, standing.runs_out_at) == (None, None)
    assert (standing.left, standing.used_percent) == (50, 95)


def test_nothing_is_known_of_what_is_lost() -> None:
    standing = Budget(CAP, Owner(Level.APPLICATION, "app-1"), END, None)
    assert (standing.left, standing.used_percent, standing.projected) == (None, None, None)


def test_more_than_there_was_leaves_nothing() -> None:
    assert (budget(1_500, 15).left, budget(1_500, 15).used_percent) == (0, 100)
    assert budget(0, 15, capacity=0).used_percent == 100


def test_who_is_stopped_next_comes_first() -> None:
    full, soon, later = budget(1_000, 15), budget(900, 15), budget(700, 15)
    calm, calmer = budget(400, 15), budget(300, 15)
    lost = Budget(CAP, Owner(Level.APPLICATION, "app-1"), START + timedelta(days=15), None)
    ordered = [full, lost, soon, later, calm, calmer]
    assert (
        sorted([calmer, soon, lost, calm, later, full], key=lambda each: each.urgency)[2:]
        == ordered[2:]
    )
    assert {id(each) for each in sorted(ordered, key=lambda each: each.urgency)[:2]} == {
        id(full),
        id(lost),
    }
