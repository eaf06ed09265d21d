"""Pages of a list: `?limit=50&cursor=...`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from controlplane.errors import InvalidRequest

DEFAULT_LIMIT, MAX_LIMIT = 50, 200


def read_limit(
    query: Mapping[str, str], *, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT
) -> int:
    """How many rows a page has. Raises InvalidRequest."""
    text = query.get("limit", str(default))
    is_number = text.isascii() and text.isdigit() and len(text) <= 9
    if not is_number or not 1 <= int(text) <= most:
        raise InvalidRequest(f"'limit' must be an integer from 1 to {most}.", param="limit")
    return int(text)


def cursor_at(name: str) -> str:
    """The cursor that goes on behind the row of this name."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def read_cursor(query: Mapping[str, str]) -> str | None:
    """The name that `cursor_at` was given; None for the first page. Raises InvalidRequest."""
    cursor = query.get("cursor")
    if cursor is None:
        return None
    try:
        name = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
        if not name.isprintable():
            raise ValueError
        return name
    except (binascii.Error, ValueError):
        message = "'cursor' is not one that a list answered."
        raise InvalidRequest(message, param="cursor") from None
