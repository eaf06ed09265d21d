"""What callers are told of their limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlplane.domain.limits import (
    Claim,
    Decision,
    Hold,
    Limit,
    LimitStatus,
    Measure,
    Per,
    Period,
)
from controlplane.errors import QuotaExceeded, RateLimited
from controlplane.gateway.limit_answers import WARNING_HEADER, limit_headers, refusal

REQUESTS = Limit(Measure.REQUESTS, "app-1", 100, 60)
TOKENS = Limit(Measure.TOKENS, "app-1", 1_000, 60)
DAY = Limit(Measure.COST, "app-1", 5_000_000, Period.DAY)
RUNNING = Limit(Measure.CONCURRENCY, "app-1", 20, None)
CLAIM = Claim("r", "org-1", (REQUESTS, TOKENS, DAY, RUNNING), tokens=400, cost_microusd=12_300)


def refused(limit: Limit, *, fits: bool = True, wait: float = 2.2) -> RateLimited:
    statuses = tuple(LimitStatus(each, 7, 30.0) for each in CLAIM.limits)
    return refusal(Decision(Hold("r", "org-1"), statuses, limit, wait, fits), CLAIM)


def test_openais_headers_show_the_tightest_limits() -> None:
    wide = Limit(Measure.REQUESTS, "org-1", 9_000, 3600)
    headers = limit_headers(
        [LimitStatus(wide, 8_000, 9.0), LimitStatus(REQUESTS, 3, 1.5), LimitStatus(TOKENS, 10, 2.0)]
    )
    assert headers == {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "1.500s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "10",
        "x-ratelimit-reset-tokens": "2.000s",
    }


def test_a_budget_warns_from_80_percent_on() -> None:
    month = Limit(Measure.COST, "org-1", 100, Period.MONTH)
    below = limit_headers([LimitStatus(DAY, 1_000_001, 1.0)])
    assert WARNING_HEADER not in below
    above = limit_headers([LimitStatus(DAY, 1_000_000, 1.0), LimitStatus(month, 0, 1.0)])
    assert above[WARNING_HEADER] == "cost:app-1:day=80%, cost:org-1:month=100%"


def test_the_cap_of_which_the_least_is_left_is_told() -> None:
    month = Limit(Measure.COST, "org-1", 100_000_000, Period.MONTH)
    headers = limit_headers([LimitStatus(month, 1_999_999, 9.0), LimitStatus(DAY, 2_000_000, 1.0)])
    assert headers == {
        "x-llm-cp-budget-name": "cost:org-1:month",
        "x-llm-cp-budget-limit-usd": "100.000000",
        "x-llm-cp-budget-remaining-usd": "1.999999",
        "x-llm-cp-budget-reset": "9.000s",
        WARNING_HEADER: "cost:org-1:month=98%",
    }


def test_limits_on_trial_are_not_told() -> None:
    shadow = Limit(Measure.REQUESTS, "app-1", 1, 60, shadow=True)
    assert limit_headers([LimitStatus(shadow, 0, 1.0)]) == {}


def test_rates_say_when_to_come_back() -> None:
    error = refused(REQUESTS)
    assert error.headers["Retry-After"] == "3"
    assert error.code == "rate_limit_exceeded"
    assert "app-1: 100 requests per 60 seconds" in error.message
    assert "1000 tokens per 60 seconds" in refused(TOKENS).message
    assert "20 requests of app-1 are under way" in refused(RUNNING).message


def test_what_never_fits_is_not_to_be_tried_again() -> None:
    error = refused(TOKENS, fits=False)
    assert error.headers["x-should-retry"] == "false"
    assert "Retry-After" not in error.headers
    assert "may come to 400 tokens" in error.message


def test_a_cap_says_what_is_left_and_that_trying_again_is_of_no_use() -> None:
    error = refused(DAY)
    assert isinstance(error, QuotaExceeded)
    assert (error.status, error.code, error.type) == (
        429,
        "insufficient_quota",
        "insufficient_quota",
    )
    assert error.headers["x-should-retry"] == "false"
    assert error.headers["Retry-After"] == "3"
    assert "Retry-After" not in refused(DAY, fits=False).headers, "no period is long enough"
    assert "5.000000 USD per day" in error.message
    assert "may cost 0.012300 USD, and 0.000007 USD are left" in error.message


STOPPED = "Requests of app-1 are stopped: a limit of the policy allows"


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (
            REQUESTS,
            f"{STOPPED} 0 requests per 60 seconds.",
        ),
        (
            TOKENS,
            f"{STOPPED} 0 tokens per 60 seconds.",
        ),
        (
            RUNNING,
            f"{STOPPED} no request to be under way.",
        ),
        (
            replace(REQUESTS, models=("o3",), per=Per.END_USER),
            "Requests of each end user of app-1 for this model are stopped: a limit of the "
            "policy allows 0 requests per 60 seconds.",
        ),
    ],
)
def test_a_limit_of_zero_says_that_its_scope_is_stopped(limit: Limit, message: str) -> None:
    error = refused(replace(limit, capacity=0), fits=False)
    assert error.message == message
    assert error.headers["x-should-retry"] == "false"
    assert "Retry-After" not in error.headers


def test_a_refusal_says_whose_counter_is_full() -> None:
    assert "reached for each session of app-1: 100 requests" in (
        refused(replace(REQUESTS, per=Per.SESSION)).message
    )


def test_what_is_spent_for_good_never_comes_back() -> None:
    whole = Limit(Measure.COST, "app-1", 5_000_000, Period.LIFETIME)
    claim = replace(CLAIM, limits=(whole,))
    decision = Decision(Hold("r", "org-1"), (LimitStatus(whole, 7, 0.0),), whole, 9e9)
    error = refusal(decision, claim)
    assert "Retry-After" not in error.headers
    assert "5.000000 USD per lifetime" in error.message
