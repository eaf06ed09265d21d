"""What the OpenAPI document says about prices."""

from __future__ import annotations

from typing import Any

from controlplane.admin.prices import AMOUNT_PATTERN
from controlplane.api.routers.admin.openapi_parts import (
    IF_MATCH,
    IF_NONE_MATCH,
    answer,
    closed,
    listing,
    operation,
    parameter,
    record,
)

PROVIDER = "A configured provider, as routes name it."
MODEL = "The provider's name of the model, as targets of routes have it; it may hold slashes."

_AMOUNT = {
    "type": "string",
    "pattern": AMOUNT_PATTERN,
    "description": "US dollars per million tokens.",
}
_OPTIONAL = {
    **_AMOUNT,
    "type": ["string", "null"],
    "description": "US dollars per million tokens of the input that were read from a cache, or "
    "written to it; as `input` where null.",
}
_AMOUNTS: dict[str, Any] = {
    "input": _AMOUNT,
    "output": _AMOUNT,
    "cached": _OPTIONAL,
    "cache_write": _OPTIONAL,
}
_NAMES: dict[str, Any] = {"provider": {"type": "string"}, "model": {"type": "string"}}
_SOURCE = {"type": "string", "enum": ["own", "list"]}
_SCHEMA = record(**_NAMES, **_AMOUNTS, source=_SOURCE)
_PRICE = {"input": "2.50", "output": "10.00", "cached": "1.25", "cache_write": None}
_EXAMPLE = {"provider": "openai", "model": "gpt-4o", **_PRICE, "source": "own"}
_UNKNOWN = {"404": {"description": "The organisation has no such price of its own."}}
_CREATE = parameter(
    "If-None-Match", "`*`: only where there is no own price yet; else 412.", where="header"
)

LIST = listing("own prices", _SCHEMA, _EXAMPLE)
GET = operation(
    {
        "200": answer("The price; the `ETag` only where it is the own one.", _SCHEMA, _EXAMPLE),
        "304": {"description": "It has not changed."},
        "404": {"description": "Neither an own price nor one in the list."},
    },
    IF_NONE_MATCH,
)
PUT = operation(
    {
        "200": answer("The price, changed.", _SCHEMA, _EXAMPLE),
        "201": answer("The price, new.", _SCHEMA, _EXAMPLE),
    },
    IF_MATCH,
    _CREATE,
    body=closed("input", "output", **_NAMES, **_AMOUNTS, source=_SOURCE),
    example={name: amount for name, amount in _PRICE.items() if amount is not None},
)
DELETE = operation({"204": {"description": "Deleted."}, **_UNKNOWN}, IF_MATCH)
