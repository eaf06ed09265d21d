"""What a caller is told of its limits: headers on every answer, one sentence on a refusal."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.budget import resets
from controlplane.domain.limits import (
    WARNING_PERCENT,
    Claim,
    Decision,
    Limit,
    LimitStatus,
    Measure,
    Period,
)
from controlplane.domain.usage import usd
from controlplane.errors import QuotaExceeded, RateLimited

WARNING_HEADER = "x-llm-cp-budget-warning"


def limit_headers(statuses: Sequence[LimitStatus]) -> dict[str, str]:
    """OpenAI's `x-ratelimit-*` headers for the tightest limit of requests and of tokens, the same
    of our own for the tightest cost cap, and a warning for each that is nearly used up.

    https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    """
    headers: dict[str, str] = {}
    enforced = [status for status in statuses if not status.limit.shadow]
    for measure in (Measure.REQUESTS, Measure.TOKENS):
        mine = [status for status in enforced if status.limit.measure is measure]
        if mine:
            tightest = min(mine, key=lambda status: (status.remaining, -status.reset_seconds))
            headers |= {
                f"x-ratelimit-limit-{measure}": str(tightest.limit.capacity),
                f"x-ratelimit-remaining-{measure}": str(tightest.remaining),
                f"x-ratelimit-reset-{measure}": f"{tightest.reset_seconds:.3f}s",
            }
    caps = [status for status in enforced if status.limit.measure is Measure.COST]
    if caps:
        tightest = min(caps, key=lambda status: (status.remaining, -status.reset_seconds))
        headers |= {
            "x-llm-cp-budget-name": tightest.limit.name,
            "x-llm-cp-budget-limit-usd": usd(tightest.limit.capacity),
            "x-llm-cp-budget-remaining-usd": usd(tightest.remaining),
        }
        if resets(tightest):
            headers["x-llm-cp-budget-reset"] = f"{tightest.reset_seconds:.3f}s"
    warnings = [
        f"{status.limit.name}={status.used_percent}%"
        for status in caps
        if status.used_percent >= WARNING_PERCENT
    ]
    if warnings:
        headers[WARNING_HEADER] = ", ".join(warnings)
    return headers


def refusal(decision: Decision, claim: Claim) -> RateLimited:
    """The error for a claim that a limit refuses."""
    limit = decision.refused_by
    assert limit is not None
    headers = limit_headers(decision.statuses)
    seconds = max(1, -int(-decision.retry_after_seconds // 1))
    if limit.measure is Measure.COST:
        if decision.fits and limit.window is not Period.LIFETIME:
            headers["Retry-After"] = str(seconds)
        return QuotaExceeded(_cost_sentence(decision, claim, limit), headers=headers)
    if not decision.fits:
        return RateLimited(_never(claim, limit), headers=headers | {"x-should-retry": "false"})
    if limit.measure is Measure.CONCURRENCY:
        what = f"{limit.capacity} requests of {_whose(limit)} are under way, which is the limit."
    else:
        what = (
            f"Rate limit reached for {_whose(limit)}: {limit.capacity} {limit.measure} per "
            f"{_window(limit)}."
        )
    return RateLimited(
        f"{what} Try again in {seconds} seconds.", headers=headers | {"Retry-After": str(seconds)}
    )


def _never(claim: Claim, limit: Limit) -> str:
    """Of a request that no waiting helps: the limit is zero, or smaller than the request."""
    if limit.measure is Measure.TOKENS and limit.capacity:
        return (
            f"This request may come to {claim.amount(limit):,} tokens, and {_whose(limit)} may use "
            f"{limit.capacity:,} in {_window(limit)}. Shorten it, or lower 'max_tokens'."
        )
    if limit.measure is Measure.CONCURRENCY:
        allows = "no request to be under way"
    else:
        allows = f"0 {limit.measure} per {_window(limit)}"
    return f"Requests of {_whose(limit)} are stopped: a limit of the policy allows {allows}."


def _whose(limit: Limit) -> str:
    """`app-456`, `each end user of app-456`; for the models that it names."""
    each = "" if limit.per is None else f"each {limit.per.noun} of "
    return f"{each}{limit.scope}{' for this model' if limit.models else ''}"


def _cost_sentence(decision: Decision, claim: Claim, limit: Limit) -> str:
    left = next(status.remaining for status in decision.statuses if status.limit == limit)
    return (
        f"The cost cap of {_whose(limit)} is reached: {usd(limit.capacity)} USD per "
        f"{_window(limit)}. This request may cost {usd(claim.cost_microusd)} USD, and "
        f"{usd(left)} USD are left."
    )


def _window(limit: Limit) -> str:
    if isinstance(limit.window, Period):
        return limit.window.value
    return f"{limit.window} seconds"
