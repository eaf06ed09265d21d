"""Types of fields that several resources have."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from controlplane.admin.models.model import fault, told

MAX_NAME_LENGTH = 256
MAX_TEXT_LENGTH = 1_000
DATE_TIME = {"type": "string", "format": "date-time"}
# RFC 3339, section 5.6; `fromisoformat` reads more than that.
_TIME = re.compile(
    r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)
_DAY = re.compile(r"\A\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_USD = re.compile(r"\A\d{1,6}(\.\d{1,6})?\Z", re.ASCII)
_DIGITS = re.compile(r"\A[0-9]{1,9}\Z")


def read_time(value: Any) -> datetime:
    """A point in time in RFC 3339, with its offset; returned in UTC. Raises ValueError."""
    if isinstance(value, str) and _TIME.match(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except OverflowError:
            pass
    raise ValueError


def printable(text: str) -> str:
    """The text. Raises ValueError where not all of it can be printed."""
    if not text.isprintable():
        raise ValueError
    return text


def _trimmed(text: str) -> str:
    if text != text.strip():
        raise ValueError
    return text


def _to_come(moment: datetime) -> datetime:
    if moment <= datetime.now(UTC):
        raise ValueError
    return moment


def digits(value: Any) -> int:
    """A number as a query has it. Raises ValueError."""
    if not isinstance(value, str) or not _DIGITS.match(value):
        raise ValueError
    return int(value)


def _day(text: str) -> date:
    if not _DAY.match(text):
        raise ValueError
    return date.fromisoformat(text)


def _usd(text: str) -> Decimal:
    if not _USD.match(text):
        raise ValueError
    return Decimal(text)


def _start(text: str) -> datetime:
    return _instant(text, days=0)


def _end(text: str) -> datetime:
    return _instant(text, days=1)


def _instant(text: str, *, days: int) -> datetime:
    """A time, or the midnight (UTC) so many days after a day."""
    is_day = bool(_DAY.match(text))
    try:
        if is_day:
            return datetime.combine(_day(text), time(), UTC) + timedelta(days=days)
        # An unencoded plus sign arrives as a space.
        return read_time(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise fault(_A_DAY if is_day else _A_TIME) from None


_A_DAY = "must be a date such as 2026-11-30"
_A_TIME = "must be a time such as 2030-01-31T12:00:00Z (RFC 3339)"

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH),
    AfterValidator(printable),
    AfterValidator(_trimmed),
    told(
        f"must be a string of 1 to {MAX_NAME_LENGTH} printable characters, no space at either end"
    ),
]
# The alphabet of ids: they become parts of Redis keys and S3 paths.
Id = Annotated[
    str,
    Field(pattern="^[a-z0-9-]{1,64}$"),
    told("must be 1 to 64 of the characters a-z, 0-9 and '-'"),
]
# What a query may ask for by name.
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_TEXT_LENGTH),
    AfterValidator(printable),
    told(f"must be 1 to {MAX_TEXT_LENGTH:,} printable characters"),
]
Moment = Annotated[datetime, BeforeValidator(read_time), told(_A_TIME)]
Expiry = Annotated[Moment, AfterValidator(_to_come), told("must be a time to come")]
# Of a query: a day in UTC, an amount, and a range of times, which days include as wholes.
Day = Annotated[date, BeforeValidator(_day), told(_A_DAY)]
Usd = Annotated[
    Decimal,
    BeforeValidator(_usd),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})?$"}),
    told("must be US dollars such as 0.25"),
]
Since = Annotated[datetime, BeforeValidator(_start), WithJsonSchema({"type": "string"})]
Until = Annotated[datetime, BeforeValidator(_end), WithJsonSchema({"type": "string"})]
# A time as it is returned.
Time = Annotated[
    datetime, PlainSerializer(datetime.isoformat, return_type=str), WithJsonSchema(DATE_TIME)
]
