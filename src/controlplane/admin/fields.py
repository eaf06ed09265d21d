"""Fields of what administrators write. Whatever is wrong is an InvalidRequest that names it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.access import ORG_ID
from controlplane.domain.text import NAME, is_name, parse_time
from controlplane.errors import InvalidRequest


def check_fields(document: Mapping[str, Any], *known: str) -> None:
    """Refuse a field that nothing would be done with."""
    for name in document:
        if name not in known:
            what = f"is not a known field (known: {', '.join(known)})"
            raise fault(name[:64], what)


def read_name(document: Mapping[str, Any]) -> str:
    """`name`: as `domain.text` says."""
    name = document.get("name")
    if isinstance(name, str) and is_name(name):
        return name
    raise fault("name", f"must be {NAME}")


def read_id(value: Any, param: str) -> str:
    """An id in the alphabet of ids, 1 to 64 characters."""
    if isinstance(value, str) and ORG_ID.match(value):
        return value
    raise fault(param, "must be 1 to 64 of the characters a-z, 0-9 and '-'")


def read_time(value: Any, param: str) -> datetime:
    """A point in time in RFC 3339, with its offset; answered in UTC."""
    try:
        return parse_time(value).astimezone(UTC)
    except (ValueError, OverflowError):
        expected = "must be a time such as 2030-01-31T12:00:00Z (RFC 3339)"
        raise fault(param, expected) from None


def fault(param: str, expected: str) -> InvalidRequest:
    """`'param' expected.`"""
    return InvalidRequest(f"'{param}' {expected}.", param=param)
