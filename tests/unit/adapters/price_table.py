"""Forty usages, and what each costs by the public prices: worked out by hand, not by this code.

`price_table.csv` has a row for each. `by_hand` is the sum as it stands on the invoice: dollars per
million tokens (divided by a million at the end), and dollars for calls behind that.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from controlplane.domain.usage import Usage

_WORDS = ("service_tier", "inference_geo")
_MARKS = ("estimated", "unknown")


@dataclass(frozen=True, slots=True)
class Row:
    """One usage. `usd` is None where no public price says what it costs."""

    provider: str
    model: str
    what: str
    usage: Usage
    by_hand: str
    usd: Decimal | None
    source: str


def _usage(text: str) -> Usage:
    items: dict[str, Any] = {}
    calls: dict[str, int] = {}
    for name, _, value in (item.partition("=") for item in text.split()):
        if name.startswith("calls."):
            calls[name.removeprefix("calls.")] = int(value)
        elif name in _MARKS:
            items[name] = frozenset(value.split("+"))
        else:
            items[name] = value if name in _WORDS else int(value)
    return Usage(**items, calls=tuple(calls.items()))


def _row(cells: dict[str, str]) -> Row:
    provider, _, model = cells["model"].partition("/")
    usd = Decimal(cells["usd"]) if cells["usd"] else None
    usage = _usage(cells["usage"])
    return Row(provider, model, cells["what"], usage, cells["by_hand"], usd, cells["source"])


with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as _file:
    TABLE: tuple[Row, ...] = tuple(map(_row, csv.DictReader(_file)))
