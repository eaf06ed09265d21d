"""What the OpenAPI document says about routes: schema, examples, answers."""

from __future__ import annotations

from typing import Any

from controlplane.api.routers.admin.openapi_parts import PAGE
from controlplane.domain.route_document import (
    MAX_SECONDS,
    MAX_TARGETS,
    MAX_WEIGHT,
    MIN_SECONDS,
)
from controlplane.domain.routing import BUFFERED, Condition, Strategy
from controlplane.domain.text import MAX_NAME_LENGTH

ALIAS = (
    "The model name that applications send; it may hold slashes. With a `*` it is a glob, for "
    "every name that it matches: an alias of the very name wins, then the longest glob."
)

_NAME = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH}
_TARGET: dict[str, Any] = {
    "type": "object",
    "required": ["provider", "model"],
    "additionalProperties": False,
    "properties": {
        "provider": {"type": "string", "description": "A configured provider."},
        "model": {
            **_NAME,
            "description": "The provider's name of the model, or the Azure deployment. Under a "
            "glob `*` passes on the name that was asked for.",
        },
        "weight": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_WEIGHT,
            "default": 1,
            "description": "The share of first attempts, for the strategy `weighted`.",
        },
    },
}
_TIMEOUTS: dict[str, Any] = {
    "type": ["object", "null"],
    "additionalProperties": False,
    "description": "Seconds. Null stands for what fits the way the answer is sent.",
    "properties": {
        name: {
            "type": "number",
            "minimum": MIN_SECONDS,
            "maximum": most,
            "default": getattr(BUFFERED, name),
        }
        for name, most in MAX_SECONDS.items()
    },
}
_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "required": ["strategy", "targets"],
    "additionalProperties": False,
    "properties": {
        "alias": {**_NAME, "description": "As in the address; may be left out."},
        "strategy": {"type": "string", "enum": [strategy.value for strategy in Strategy]},
        "targets": {"type": "array", "minItems": 1, "maxItems": MAX_TARGETS, "items": _TARGET},
        "timeouts": _TIMEOUTS,
        "fail_over_on": {
            "type": "array",
            "items": {"type": "string", "enum": [condition.value for condition in Condition]},
            "description": "Refusals after which the next target is asked as well.",
        },
    },
}
_EXAMPLE: dict[str, Any] = {
    "alias": "gpt-4o",
    "strategy": "priority",
    "targets": [
        {"provider": "openai", "model": "gpt-4o", "weight": 1},
        {"provider": "azure", "model": "gpt-4o", "weight": 1},
    ],
    "timeouts": {"connect_s": 2.0, "first_byte_s": 20.0, "idle_s": 15.0, "total_s": 25.0},
    "fail_over_on": [],
}
_EXAMPLES: dict[str, Any] = {
    "failover": {
        "summary": "One provider first, another one when it fails",
        "value": {key: value for key, value in _EXAMPLE.items() if key != "alias"},
    },
    "weighted": {
        "summary": "Nine first attempts of ten here, one there",
        "value": {
            "strategy": "weighted",
            "targets": [
                {"provider": "openai", "model": "gpt-4o", "weight": 9},
                {"provider": "azure", "model": "gpt-4o", "weight": 1},
            ],
        },
    },
    "glob": {
        "summary": "For an alias such as gpt-*: every name that it matches, passed on as it is",
        "value": {"strategy": "priority", "targets": [{"provider": "openai", "model": "*"}]},
    },
}
_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Changes with the content."}}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


def _answer(description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _DOCUMENT, "example": _EXAMPLE}}
    return {"description": description, "headers": _ETAG, "content": content}


_IF_MATCH = _header("If-Match", "Only where the stored route has this `ETag`; else 412.")
_CREATE = _header("If-None-Match", "`*`: only where there is no such route yet; else 412.")
_UNREAD = {"503": {"description": "The database or the configuration cache did not answer."}}
_REFUSED = {
    "403": {"description": "Not for the caller's role."},
    "412": {"description": "Changed meanwhile."},
    **_UNREAD,
}
_UNKNOWN = {"404": {"description": "The organisation has no such route."}}

LIST: dict[str, Any] = {
    "parameters": PAGE,
    "responses": {
        "200": {
            "description": "A page of routes.",
            "content": {"application/json": {"example": {"data": [_EXAMPLE], "next_cursor": None}}},
        },
        **_UNREAD,
    },
}
GET: dict[str, Any] = {
    "parameters": [_header("If-None-Match", "An `ETag` that is at hand already.")],
    "responses": {
        "200": _answer("The route."),
        "304": {"description": "It has not changed."},
        **_UNKNOWN,
        **_UNREAD,
    },
}
PUT: dict[str, Any] = {
    "parameters": [_IF_MATCH, _CREATE],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": _DOCUMENT, "examples": _EXAMPLES}},
    },
    "responses": {
        "200": _answer("The route, changed."),
        "201": _answer("The route, new."),
        "400": {"description": "Not a route; `param` names the field."},
        **_REFUSED,
    },
}
DELETE: dict[str, Any] = {
    "parameters": [_IF_MATCH],
    "responses": {"204": {"description": "Deleted."}, **_UNKNOWN, **_REFUSED},
}
