"""`valid`: from when until when a document is in force."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controlplane.policy.rule import InvalidPolicy, Rule, read_object

# RFC 3339, section 5.6: date, time and offset are all there.
_TIME = re.compile(
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)


@dataclass(frozen=True, slots=True)
class Validity:
    """`begins` belongs to it, `ends` does not; None for no bound."""

    begins: datetime | None = None
    ends: datetime | None = None

    def is_over(self, now: float) -> bool:
        """`now` in seconds since 1970."""
        return self.ends is not None and self.ends.timestamp() <= now

    def has_begun(self, now: float) -> bool:
        """`now` in seconds since 1970."""
        return self.begins is None or self.begins.timestamp() <= now

    def holds(self, now: float) -> bool:
        """True from `begins` on and before `ends`; `now` in seconds since 1970."""
        return self.has_begun(now) and not self.is_over(now)


def parse(value: Any, field: str) -> Validity:
    """`{"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}`, one or both."""
    read = read_object(value, field, {"from": _time, "until": _time})
    if not read:
        raise InvalidPolicy((field, "must have 'from' or 'until'"))
    validity = Validity(read.get("from"), read.get("until"))
    if validity.begins and validity.ends and validity.begins >= validity.ends:
        raise InvalidPolicy((f"{field}.until", "must be later than 'from'"))
    return validity


def _time(value: Any, field: str) -> datetime:
    try:
        if not isinstance(value, str) or not _TIME.match(value):
            raise ValueError
        return datetime.fromisoformat(value.upper())
    except ValueError:
        fault = (field, "must be a time such as '2026-01-31T00:00:00Z' (RFC 3339)")
        raise InvalidPolicy(fault) from None


RULE = Rule(
    "valid",
    parse,
    None,
    "about its own document: outside this time the document says nothing at all",
)
