"""What the OpenAPI document says about changes."""

from __future__ import annotations

from controlplane.api.routers.admin.openapi_parts import TIME, listing, parameter, record

_SIDE = {"type": ["object", "null"], "description": "As the resource is read, without secrets."}
_SCHEMA = record(
    id={"type": "string"},
    occurred_at=TIME,
    actor={"type": "string", "description": "`key:<id>` or `user:<sub>`."},
    action={
        "type": "string",
        "enum": ["create", "update", "delete", "rotate", "revoke", "rollback"],
    },
    resource={"type": "string"},
    resource_id={"type": "string"},
    before=_SIDE,
    after=_SIDE,
    request_id={"type": ["string", "null"], "description": "The `x-request-id` of the write."},
)
_APPLICATION = {"id": "app-support", "created_at": "2026-01-31T12:00:00+00:00"}
_EXAMPLE = {
    "id": "1042",
    "occurred_at": "2026-02-01T08:30:00+00:00",
    "actor": "key:key-5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11",
    "action": "update",
    "resource": "application",
    "resource_id": "app-support",
    "before": {**_APPLICATION, "name": "Support"},
    "after": {**_APPLICATION, "name": "Support assistant"},
    "request_id": "req_0d6f7a52c1b94c0f8f5d2f5f6f1f9d11",
}

LIST = listing(
    "changes",
    _SCHEMA,
    _EXAMPLE,
    parameter("resource", "Those of one kind: `application`, `api-key`, `policy`, `route`, …"),
    parameter("resource_id", "Those of one object."),
    parameter("actor", "Those of one caller."),
    parameter("from", "Not before this time (RFC 3339), or this day (UTC)."),
    parameter("to", "Before this time (RFC 3339), or until the end of this day (UTC)."),
)
