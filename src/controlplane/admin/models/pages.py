"""Pages of a list: `?limit=50&cursor=...`."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from controlplane.admin.models.fields import digits
from controlplane.admin.models.model import QueryParameters, told

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
NOT_A_CURSOR = "is not one that a list answered"


def cursor_at(name: str) -> str:
    """The cursor that goes on behind the row of this name."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def _named(cursor: str) -> str:
    try:
        name = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except binascii.Error:
        raise ValueError from None
    if not name.isprintable():
        raise ValueError
    return name


Limit = Annotated[
    int,
    Field(ge=1, le=MAX_LIMIT),
    BeforeValidator(digits),
    told(f"must be an integer from 1 to {MAX_LIMIT}"),
]
# Read: the name that `cursor_at` was given.
Cursor = Annotated[str, AfterValidator(_named), told(NOT_A_CURSOR)]


class PageQuery(QueryParameters):
    """A page."""

    limit: Limit = Field(default=DEFAULT_LIMIT, description="How many.")
    cursor: Cursor | None = Field(default=None, description="The `next_cursor` of the page before.")
