"""`cost_caps`: dollars per day, month (UTC) or rolling window. The caps of all levels hold at once.

Dollars come as decimal strings and become integers of micro-dollars: no float ever holds money.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from controlplane.domain.limits import Limit, Measure, Period
from controlplane.domain.usage import microusd
from controlplane.policy.rule import (
    InvalidPolicy,
    LevelValue,
    Rule,
    integer,
    one_of,
    read_array,
    read_object,
)
from controlplane.policy.tightest import tightest

MAX_CAPS = 8
MIN_WINDOW_SECONDS, MAX_WINDOW_SECONDS = 60, 2_678_400
# Nine digits of dollars are below 2^53 micro-dollars, up to which Redis counts exactly.
_USD = re.compile(r"\A(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?\Z")

# (micro-dollars, window)
Caps = tuple[tuple[int, int | Period], ...]


def parse(value: Any, field: str) -> Caps:
    """`[{"usd": "5.00", "period": "day"}, {"usd": "9", "window_seconds": 3600}]`."""
    return read_array(value, field, _cap, 0, MAX_CAPS)


def _cap(value: Any, field: str) -> tuple[int, int | Period]:
    readers = {
        "usd": _microusd,
        "period": one_of(Period),
        "window_seconds": integer(MIN_WINDOW_SECONDS, MAX_WINDOW_SECONDS),
    }
    cap = read_object(value, field, readers, ["usd"])
    windows = [cap[name] for name in ("period", "window_seconds") if name in cap]
    if len(windows) != 1:
        raise InvalidPolicy((field, "must have either 'period' or 'window_seconds'"))
    return cap["usd"], windows[0]


def _microusd(value: Any, field: str) -> int:
    if not isinstance(value, str) or not _USD.match(value):
        raise InvalidPolicy(
            (
                field,
                "must be a string of dollars such as '5.00', below a billion, "
                "with at most 6 decimals",
            )
        )
    return microusd(Decimal(value))


def merge(stated: Sequence[LevelValue[Caps]]) -> tuple[Limit, ...]:
    """Every cap with its scope; of two with the same scope and window the smaller one counts."""
    return tightest(
        Limit(Measure.COST, entry.scope, cap, window)
        for entry in stated
        for cap, window in entry.value
    )


RULE = Rule(
    "cost_caps",
    parse,
    merge,
    "all hold at once, each counted for its own level; of two with one window the smaller",
)
