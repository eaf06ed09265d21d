"""Query parameters: what may stand behind the question mark, read with one clear sentence each."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from starlette.datastructures import QueryParams

from controlplane.admin.fields import fault, read_time

MAX_TEXT_LENGTH = 1_000
_DAY = re.compile(r"\A\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_USD = re.compile(r"\A\d{1,6}(\.\d{1,6})?\Z", re.ASCII)


def check_names(query: QueryParams, known: Collection[str]) -> None:
    """Raises InvalidRequest for a name that is not known, or that stands there twice: a filter that
    was left out unseen would answer another question."""
    for name in query:
        if name not in known:
            shown = name[:64] if name.isprintable() else "?"
            raise fault(shown, f"is not a known parameter (known: {', '.join(known)})")
        if len(query.getlist(name)) > 1:
            raise fault(name, "may be given once")


def read_text(query: QueryParams, name: str) -> str | None:
    """A text; None where it is not there. Raises InvalidRequest."""
    text = query.get(name)
    if text is None or (0 < len(text) <= MAX_TEXT_LENGTH and text.isprintable()):
        return text
    raise fault(name, f"must be 1 to {MAX_TEXT_LENGTH:,} printable characters")


def read_day(query: QueryParams, name: str) -> date | None:
    """A day such as 2026-11-30; None where it is not there. Raises InvalidRequest."""
    text = query.get(name)
    if text is None:
        return None
    try:
        return _day(text)
    except ValueError:
        raise fault(name, "must be a date such as 2026-11-30") from None


def read_instant(query: QueryParams, name: str, *, after_day: bool = False) -> datetime | None:
    """A time in RFC 3339, or the start of a day in UTC (`after_day`: its end, so that a range of
    days includes the last one); None where it is not there. Raises InvalidRequest."""
    text = query.get(name)
    if text is None:
        return None
    if not _DAY.match(text):
        # An unencoded plus sign arrives as a space.
        return read_time(text.replace(" ", "+"), name)
    try:
        days = timedelta(days=1 if after_day else 0)
        return datetime.combine(_day(text), time(), UTC) + days
    except (ValueError, OverflowError):
        raise fault(name, "must be a date such as 2026-11-30") from None


def read_usd(query: QueryParams, name: str) -> Decimal | None:
    """An amount such as 0.25; None where it is not there. Raises InvalidRequest."""
    text = query.get(name)
    if text is None:
        return None
    if not _USD.match(text):
        raise fault(name, "must be US dollars such as 0.25")
    return Decimal(text)


def _day(text: str) -> date:
    if not _DAY.match(text):
        raise ValueError
    return date.fromisoformat(text)
