"""Texts from outside: names, and times in RFC 3339."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime

MAX_NAME_LENGTH = 256
MAX_REQUEST_NAME_LENGTH = 1024
# What each has to be, as a sentence goes on behind "must be".
NAME = f"a string of 1 to {MAX_NAME_LENGTH} printable characters, no space at either end"
REQUEST_NAME = f"a string of 1 to {MAX_REQUEST_NAME_LENGTH} characters without U+0000"
# RFC 3339, section 5.6: date, time and offset are all there. `fromisoformat` reads more than that.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def is_name(value: object) -> bool:
    """What administrators call things: 1 to 256 printable characters, no space at either end."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= MAX_NAME_LENGTH
        and value.isprintable()
        and value == value.strip()
    )


def is_request_name(value: object) -> bool:
    """A name in a request: 1 to 1024 characters without U+0000, for which PostgreSQL has no
    place."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= MAX_REQUEST_NAME_LENGTH
        and "\x00" not in value
    )


def parse_time(value: object) -> datetime:
    """A point in time in RFC 3339, with its offset. Raises ValueError, without the value."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value.upper())
    raise ValueError("This is not a time in RFC 3339.")
