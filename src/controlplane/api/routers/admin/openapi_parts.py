"""What the OpenAPI document says the same way about every resource of the admin API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.api.pages import DEFAULT_LIMIT, MAX_LIMIT
from controlplane.domain.text import MAX_NAME_LENGTH

NAME = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH}
TIME = {"type": "string", "format": "date-time"}
NEW_ID = {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}

_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Changes with the content."}}
_UNREAD = {"503": {"description": "The database or the cache did not answer."}}


def parameter(
    name: str, description: str, schema: Mapping[str, Any] | None = None, *, where: str = "query"
) -> dict[str, Any]:
    """A parameter of the query, or of another place."""
    schema = dict(schema or {"type": "string"})
    return {"name": name, "in": where, "schema": schema, "description": description}


IF_MATCH = parameter("If-Match", "Only where this is its `ETag`; else 412.", where="header")
IF_NONE_MATCH = parameter(
    "If-None-Match", "An `ETag` that is at hand already: then 304.", where="header"
)
PAGE = [
    parameter(
        "limit",
        "How many.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    parameter("cursor", "The `next_cursor` of the page before."),
]


def record(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an object that has all of these."""
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def answer(
    description: str, schema: Mapping[str, Any], example: Mapping[str, Any]
) -> dict[str, Any]:
    """One object with its ETag."""
    content = {"application/json": {"schema": dict(schema), "example": dict(example)}}
    return {"description": description, "headers": _ETAG, "content": content}


def listing(
    what: str, schema: Mapping[str, Any], example: Mapping[str, Any], *filters: Mapping[str, Any]
) -> dict[str, Any]:
    """A list in pages."""
    page = record(
        data={"type": "array", "items": dict(schema)},
        next_cursor={
            "type": ["string", "null"],
            "description": "Null on the last page.",
        },
    )
    shown = {"data": [dict(example)], "next_cursor": None}
    return {
        "parameters": [*filters, *PAGE],
        "responses": {
            "200": {
                "description": f"A page of {what}.",
                "content": {"application/json": {"schema": page, "example": shown}},
            },
            "400": {"description": "A parameter is wrong; `param` names it."},
            **_UNREAD,
        },
    }


def operation(
    responses: Mapping[str, Any],
    *headers: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    example: Mapping[str, Any] | None = None,
    required: bool = True,
) -> dict[str, Any]:
    """An operation on one object; with a body of this schema."""
    extra: dict[str, Any] = {
        "parameters": [dict(header) for header in headers],
        "responses": {**responses, **_UNREAD},
    }
    if body is not None:
        content = {"schema": dict(body), "example": dict(example or {})}
        extra["requestBody"] = {
            "required": required,
            "content": {"application/json": content},
        }
        extra["responses"]["400"] = {"description": "The body is wrong; `param` names the field."}
    if IF_MATCH in headers:
        extra["responses"]["412"] = {"description": "Changed meanwhile."}
    return extra


def closed(*required: str, **properties: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a body: another field is refused."""
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": dict(properties),
    }
