"""Where a caller stands with its budgets, in the headers from which Claude Code warns its user.

It knows two windows, of five hours and of seven days. A cap of a day or less is told as the one, a
longer one as the other: its words are off, its percentages and times are right.
https://code.claude.com/docs/en/llm-gateway
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from controlplane.domain.limits import LimitStatus, Measure, Period

_PREFIX = "anthropic-ratelimit-unified"
_THRESHOLDS = (95, 75)
_DAY_SECONDS = 86_400


def budget_headers(statuses: Sequence[LimitStatus]) -> dict[str, str]:
    """Of the cost cap that is used up most in each of the two windows; none without a cap."""
    fullest: dict[str, LimitStatus] = {}
    for status in statuses:
        if status.limit.measure is Measure.COST and not status.limit.shadow:
            window = "5h" if _is_short(status.limit.window) else "7d"
            known = fullest.get(window, status)
            fullest[window] = max(status, known, key=lambda each: each.used_percent)
    if not fullest:
        return {}
    now = time.time()
    headers: dict[str, str] = {}
    for window, status in fullest.items():
        headers[f"{_PREFIX}-{window}-utilization"] = f"{status.used_percent / 100:.2f}"
        headers[f"{_PREFIX}-{window}-reset"] = str(int(now + status.reset_seconds))
        if (surpassed := _surpassed(status)) is not None:
            headers[f"{_PREFIX}-{window}-surpassed-threshold"] = f"{surpassed / 100:.2f}"
    window, worst = max(fullest.items(), key=lambda each: each[1].used_percent)
    return headers | {
        f"{_PREFIX}-status": "allowed" if _surpassed(worst) is None else "allowed_warning",
        f"{_PREFIX}-reset": headers[f"{_PREFIX}-{window}-reset"],
        f"{_PREFIX}-representative-claim": "five_hour" if window == "5h" else "seven_day",
    }


def rejected_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Of a refusal by a budget, whose other headers say when to come back, if that is known."""
    reset = headers.get("Retry-After", "")
    rejected = {f"{_PREFIX}-status": "rejected"}
    if reset.isdigit():
        rejected[f"{_PREFIX}-reset"] = str(int(time.time()) + int(reset))
    return rejected


def _is_short(window: int | Period | None) -> bool:
    if isinstance(window, Period):
        return window is Period.DAY
    return window is not None and window <= _DAY_SECONDS


def _surpassed(status: LimitStatus) -> int | None:
    return next((each for each in _THRESHOLDS if status.used_percent >= each), None)
