"""What the OpenAPI document says about API keys."""

from __future__ import annotations

from controlplane.admin.api_keys import PREFIX_LENGTH
from controlplane.admin.key_document import DEFAULT_OVERLAP_SECONDS, MAX_OVERLAP_SECONDS
from controlplane.api.routers.admin.openapi_parts import (
    IF_MATCH,
    NAME,
    NEW_ID,
    TIME,
    answer,
    closed,
    listing,
    operation,
    parameter,
    record,
)
from controlplane.domain.access import Role
from controlplane.domain.keys import KeyState

ID = "The id of a key, `key-…`: never the key itself."

_ROLE = {"type": "string", "enum": [role.value for role in Role]}
_STATE = {"type": "string", "enum": [state.value for state in KeyState]}
_OPTIONAL_TIME = {**TIME, "type": ["string", "null"]}
_APPLICATION = {
    **NEW_ID,
    "type": ["string", "null"],
    "description": "Only a key of role `admin` can do without.",
}
_EXPIRY = {**_OPTIONAL_TIME, "description": "RFC 3339, to come. Null: the key lasts."}
_SCHEMA = record(
    id={"type": "string"},
    application_id=_APPLICATION,
    name=NAME,
    role=_ROLE,
    prefix={"type": "string", "description": "The first characters of the key."},
    state=_STATE,
    created_at=TIME,
    expires_at=_EXPIRY,
    revoked_at=_OPTIONAL_TIME,
    last_used_at=_OPTIONAL_TIME,
    replaces={"type": ["string", "null"], "description": "The key that this one was rotated from."},
)
_EXAMPLE = {
    "id": "key-5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11",
    "application_id": "app-support",
    "name": "Production",
    "role": "service",
    "prefix": "sk-cp-4fT9aQ",
    "state": "active",
    "created_at": "2026-01-31T12:00:00+00:00",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-02-01T08:30:00+00:00",
    "replaces": None,
}
_KEY = {"type": "string", "description": "The key, this once."}
_ISSUED = record(key=_KEY, **_SCHEMA["properties"])
_SHOWN_ONCE = {"key": "sk-cp-4fT9aQ…", **_EXAMPLE, "last_used_at": None}
_UNKNOWN = {"404": {"description": "No such key."}}

LIST = listing(
    "API keys",
    _SCHEMA,
    _EXAMPLE,
    parameter("application_id", "Those of one application."),
    parameter("prefix", f"Those that begin so; at most {PREFIX_LENGTH} characters."),
    parameter("state", "Those that work, or do no longer.", _STATE),
)
POST = operation(
    {
        "201": answer("The key, this once.", _ISSUED, _SHOWN_ONCE),
        "404": {"description": "No such application."},
    },
    body=closed(
        "name",
        application_id=_APPLICATION,
        name=NAME,
        role={**_ROLE, "default": "service"},
        expires_at=_EXPIRY,
    ),
    example={"application_id": "app-support", "name": "Production", "role": "service"},
)
GET = operation({"200": answer("The key, without itself.", _SCHEMA, _EXAMPLE), **_UNKNOWN})
PATCH = operation(
    {
        "200": answer("The key, changed.", _SCHEMA, _EXAMPLE),
        "409": {"description": "The key is revoked."},
        **_UNKNOWN,
    },
    IF_MATCH,
    body=closed(name=NAME, expires_at=_EXPIRY),
    example={"name": "Production", "expires_at": "2030-01-31T12:00:00Z"},
)
ROTATE = operation(
    {
        "201": answer("The new key, this once.", _ISSUED, {**_SHOWN_ONCE, "replaces": "key-0b1e"}),
        "409": {"description": "The key does not work any more, or is replaced already."},
        **_UNKNOWN,
    },
    IF_MATCH,
    body=closed(
        overlap_seconds={
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_OVERLAP_SECONDS,
            "default": DEFAULT_OVERLAP_SECONDS,
            "description": "For how long the old key works on.",
        }
    ),
    example={"overlap_seconds": 3600},
    required=False,
)
DELETE = operation({"204": {"description": "Revoked."}, **_UNKNOWN}, IF_MATCH)
