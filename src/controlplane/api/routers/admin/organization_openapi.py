"""What the OpenAPI document says about organizations."""

from __future__ import annotations

from controlplane.api.routers.admin.openapi_parts import (
    IF_MATCH,
    IF_NONE_MATCH,
    NAME,
    TIME,
    answer,
    closed,
    listing,
    operation,
    record,
)

ID = "The organization of the credential; every other one is 404."

_SCHEMA = record(id={"type": "string"}, name=NAME, created_at=TIME)
_EXAMPLE = {"id": "org-acme", "name": "Acme", "created_at": "2026-01-31T12:00:00+00:00"}
_UNKNOWN = {"404": {"description": "Not the caller's organization."}}

LIST = listing("organizations", _SCHEMA, _EXAMPLE)
GET = operation(
    {
        "200": answer("The organization.", _SCHEMA, _EXAMPLE),
        "304": {"description": "It has not changed."},
        **_UNKNOWN,
    },
    IF_NONE_MATCH,
)
PATCH = operation(
    {"200": answer("The organization, renamed.", _SCHEMA, _EXAMPLE), **_UNKNOWN},
    IF_MATCH,
    body=closed("name", name=NAME),
    example={"name": "Acme"},
)
