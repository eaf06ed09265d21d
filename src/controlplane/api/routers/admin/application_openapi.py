"""What the OpenAPI document says about applications."""

from __future__ import annotations

from controlplane.api.routers.admin.openapi_parts import (
    IF_MATCH,
    IF_NONE_MATCH,
    NAME,
    NEW_ID,
    TIME,
    answer,
    closed,
    listing,
    operation,
    record,
)

ID = "The id of an application of the caller's organization."

_SCHEMA = record(id=NEW_ID, name=NAME, created_at=TIME)
_EXAMPLE = {
    "id": "app-support",
    "name": "Support assistant",
    "created_at": "2026-01-31T12:00:00+00:00",
}
_UNKNOWN = {"404": {"description": "No such application, or a deleted one."}}

LIST = listing("applications", _SCHEMA, _EXAMPLE)
POST = operation(
    {
        "201": answer("The application.", _SCHEMA, _EXAMPLE),
        "409": {"description": "The id is taken, if only by a deleted application."},
    },
    body=closed("name", name=NAME, id={**NEW_ID, "description": "Made up where left out."}),
    example={"name": "Support assistant", "id": "app-support"},
)
GET = operation(
    {
        "200": answer("The application.", _SCHEMA, _EXAMPLE),
        "304": {"description": "It has not changed."},
        **_UNKNOWN,
    },
    IF_NONE_MATCH,
)
PATCH = operation(
    {"200": answer("The application, renamed.", _SCHEMA, _EXAMPLE), **_UNKNOWN},
    IF_MATCH,
    body=closed("name", name=NAME),
    example={"name": "Support assistant"},
)
DELETE = operation({"204": {"description": "Deleted; its keys are revoked."}, **_UNKNOWN}, IF_MATCH)
