"""`valid`: from when until when a document is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controlplane.domain.policy import PolicyDocument
from controlplane.domain.text import parse_time
from controlplane.policy.rule import Rule
from controlplane.policy.shape import InvalidPolicy, Shape, an_object, such_as

_EXAMPLE = "2026-12-01T00:00:00Z"


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

    def state(self, now: float) -> str:
        """`in_force`, `later` or `expired`; `now` in seconds since 1970."""
        if self.is_over(now):
            return "expired"
        return "in_force" if self.has_begun(now) else "later"


def _time(value: object, field: str) -> datetime:
    try:
        return parse_time(value)
    except ValueError:
        raise such_as(field, "must be a time in RFC 3339", _EXAMPLE) from None


def _validity(read: dict[str, Any], field: str) -> Validity:
    if not read:
        raise InvalidPolicy((field, "must have 'from' or 'until'"))
    validity = Validity(read.get("from"), read.get("until"))
    if validity.begins and validity.ends and validity.begins >= validity.ends:
        raise InvalidPolicy((f"{field}.until", "must be later than 'from'"))
    return validity


_TIME = Shape(_time, {"type": "string", "format": "date-time"}, _EXAMPLE)

VALID = Rule(
    field="valid",
    shape=an_object(
        {"from": _TIME, "until": _TIME}, example={"from": _EXAMPLE, "until": "2027-01-01T00:00:00Z"}
    ).then(_validity, minProperties=1),
    says='`{"from", "until"}`: when the document is in force',
    merges="about its own document: outside this time the document says nothing at all",
)


def validity_of(entry: PolicyDocument) -> Validity:
    """The time to which the document is limited. Raises InvalidPolicy."""
    value = entry.document.get(VALID.field)
    return Validity() if value is None else VALID.shape.read(value, VALID.field)


def in_force(entry: PolicyDocument, now: float) -> bool:
    """True where the document is not limited to another time; `now` in seconds since 1970."""
    return validity_of(entry).holds(now)
