"""Fields of what administrators write. Whatever is wrong is an InvalidRequest that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.access import ORG_ID
from controlplane.errors import InvalidRequest

MAX_NAME_LENGTH = 256
# RFC 3339, section 5.6; `fromisoformat` reads more than that.
_TIME = re.compile(
    r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII
)


def check_fields(document: Mapping[str, Any], *known: str) -> None:
    """Refuse a field that nothing would be done with."""
    for name in document:
        if name not in known:
            what = f"is not a known field (known: {', '.join(known)})"
            raise fault(name[:64], what)


def read_name(document: Mapping[str, Any]) -> str:
    """`name`: 1 to MAX_NAME_LENGTH printable characters, no space at either end."""
    name = document.get("name")
    if isinstance(name, str) and _is_name(name):
        return name
    raise fault(
        "name",
        f"must be a string of 1 to {MAX_NAME_LENGTH} printable characters, no space at either end",
    )


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= MAX_NAME_LENGTH and text.isprintable() and text == text.strip()


def read_id(value: Any, param: str) -> str:
    """An id in the alphabet of ids, 1 to 64 characters."""
    if isinstance(value, str) and ORG_ID.match(value):
        return value
    raise fault(param, "must be 1 to 64 of the characters a-z, 0-9 and '-'")


def read_time(value: Any, param: str) -> datetime:
    """A point in time in RFC 3339, with its offset; answered in UTC."""
    try:
        if isinstance(value, str) and _TIME.match(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise fault(param, "must be a time such as 2030-01-31T12:00:00Z (RFC 3339)")


def fault(param: str, expected: str) -> InvalidRequest:
    """`'param' expected.`"""
    return InvalidRequest(f"'{param}' {expected}.", param=param)
