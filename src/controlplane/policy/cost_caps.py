"""`cost_caps`: dollars per period of the calendar, rolling window, or for good. All levels hold.

Dollars come as decimal strings and become integers of micro-dollars: no float ever holds money.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from controlplane.domain.limits import Measure, Period
from controlplane.domain.periods import is_time_zone
from controlplane.domain.usage import microusd, usd
from controlplane.policy.limits import FIT, FITS, MAX_LIMITS, SELECTORS, Count, counting_rule
from controlplane.policy.shape import (
    InvalidPolicy,
    an_array,
    an_object,
    integer,
    matching,
    one_of,
    such_as,
)

MIN_WINDOW_SECONDS, MAX_WINDOW_SECONDS = 60, 2_678_400

# Nine digits of dollars are below 2^53 micro-dollars, up to which Redis counts exactly.
_DOLLARS = matching(
    r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?",
    "must be a string of dollars below a billion with at most 6 decimals",
    example="5.00",
)


def _zone(name: str, field: str) -> str:
    if not is_time_zone(name):
        raise such_as(field, "must be an IANA time zone", _BERLIN)
    return name


_BERLIN = "Europe/Berlin"
_ZONE = matching(
    r"[A-Za-z0-9_+-]{1,32}(?:/[A-Za-z0-9_+-]{1,32}){0,2}",
    "must be an IANA time zone",
    example=_BERLIN,
).then(_zone)


def _cap(read: dict[str, Any], field: str) -> Count:
    windows = [read[name] for name in ("period", "window_seconds") if name in read]
    if len(windows) != 1:
        raise InvalidPolicy((field, "must have either 'period' or 'window_seconds'"))
    if "time_zone" in read and read.get("period") in (None, Period.LIFETIME):
        raise InvalidPolicy((f"{field}.time_zone", "stands only beside a day, week or month"))
    return Count.of(read["usd"], windows[0], read)


_CAP = an_object(
    {
        "usd": _DOLLARS.then(lambda dollars, _: microusd(Decimal(dollars))),
        "period": one_of(Period, example=Period.DAY),
        "window_seconds": integer(MIN_WINDOW_SECONDS, MAX_WINDOW_SECONDS, example=3600),
        "time_zone": _ZONE,
        **SELECTORS,
        **FIT,
    },
    required=["usd"],
    example={"usd": "5.00", "period": "day"},
).then(_cap, oneOf=[{"required": ["period"]}, {"required": ["window_seconds"]}])

COST_CAPS = counting_rule(
    "cost_caps",
    measure=Measure.COST,
    shape=an_array(_CAP, 0, MAX_LIMITS),
    says='`[{"usd", "period"}]` with `day`, `week`, `month` (of UTC, or of `"time_zone"`) or '
    '`lifetime`, or `[{"usd", "window_seconds"}]` with '
    f"{MIN_WINDOW_SECONDS} to {MAX_WINDOW_SECONDS:,}; up to {MAX_LIMITS}; "
    f"selection as for `rate_limits`; {FITS}",
    amount=lambda capacity: {"usd": usd(capacity)},
)
