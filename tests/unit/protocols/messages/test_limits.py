"""Claude Code's headers say where a caller stands with its budgets."""

from __future__ import annotations

import time

import pytest

from controlplane.domain.limits import Limit, LimitStatus, Measure, Period
from controlplane.protocols.messages.limits import budget_headers, rejected_headers

U = "anthropic-ratelimit-unified"


def cap(used: int, window: int | Period, *, shadow: bool = False) -> LimitStatus:
    limit = Limit(Measure.COST, "app-1", 1_000, window, shadow)
    return LimitStatus(limit, 1_000 - used, 600.0)


@pytest.mark.parametrize(
    ("used", "status", "surpassed"),
    [
        (0, "allowed", None),
        (749, "allowed", None),
        (750, "allowed_warning", "0.75"),
        (949, "allowed_warning", "0.75"),
        (950, "allowed_warning", "0.95"),
        (1_000, "allowed_warning", "0.95"),
    ],
)
def test_a_cap_warns_from_75_percent_on(used: int, status: str, surpassed: str | None) -> None:
    headers = budget_headers([cap(used, Period.DAY)])
    assert headers[f"{U}-status"] == status
    assert headers.get(f"{U}-5h-surpassed-threshold") == surpassed
    assert headers[f"{U}-5h-utilization"] == f"{used // 10 / 100:.2f}"
    assert abs(int(headers[f"{U}-5h-reset"]) - time.time() - 600) < 5


@pytest.mark.parametrize(
    ("window", "claim"),
    [
        (Period.DAY, "five_hour"),
        (3_600, "five_hour"),
        (86_400, "five_hour"),
        (86_401, "seven_day"),
        (Period.MONTH, "seven_day"),
    ],
)
def test_a_cap_is_told_as_one_of_two_windows(window: int | Period, claim: str) -> None:
    assert budget_headers([cap(1, window)])[f"{U}-representative-claim"] == claim


def test_the_fullest_cap_speaks_for_all() -> None:
    caps = [cap(100, Period.DAY), cap(800, 3_600), cap(960, Period.MONTH)]
    headers = budget_headers(caps)
    assert headers[f"{U}-5h-utilization"] == "0.80"
    assert headers[f"{U}-7d-utilization"] == "0.96"
    assert headers[f"{U}-representative-claim"] == "seven_day"
    assert headers[f"{U}-reset"] == headers[f"{U}-7d-reset"]


def test_without_an_enforced_cap_there_are_none() -> None:
    rate = LimitStatus(Limit(Measure.REQUESTS, "app-1", 100, 60), 1, 30.0)
    assert budget_headers([]) == budget_headers([rate, cap(990, Period.DAY, shadow=True)]) == {}


def test_a_refusal_says_when_to_come_back() -> None:
    assert rejected_headers({}) == {f"{U}-status": "rejected"}
    headers = rejected_headers({"Retry-After": "90"})
    assert abs(int(headers[f"{U}-reset"]) - time.time() - 90) < 5
