"""What the OpenAPI document says about policies: parameters, examples, answers."""

from __future__ import annotations

from typing import Any

from controlplane.api.pages import DEFAULT_LIMIT, MAX_LIMIT
from controlplane.domain.policy import Level
from controlplane.policy.document import json_schema

LEVEL = f"One of {', '.join(Level)}."
SUBJECT = (
    "The id of the organisation, the application or the API key; for the level `user` the `sub` of "
    "its token."
)

_DOCUMENT_EXAMPLE = {
    "models": {"allow": ["gpt-4o*", "claude-*"]},
    "rate_limits": [{"requests": 100, "window_seconds": 60}],
    "cost_caps": [{"usd": "5.00", "period": "day"}, {"usd": "50.00", "period": "month"}],
    "concurrency": 20,
}
_EXAMPLES = {
    "limits": {"summary": "Models, limits and budgets", "value": _DOCUMENT_EXAMPLE},
    "shadow": {
        "summary": "Tried out: what it would refuse is recorded, and passes",
        "value": {"mode": "shadow", "token_limits": [{"tokens": 50_000, "window_seconds": 60}]},
    },
    "campaign": {
        "summary": "In force for one month",
        "value": {
            "valid": {"from": "2026-12-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
            "cost_caps": [{"usd": "200.00", "period": "month"}],
        },
    },
}
_POLICY = {
    "id": "application/app-default",
    "level": "application",
    "subject_id": "app-default",
    "version": 3,
    "document": _DOCUMENT_EXAMPLE,
    "changed_by": "user:8f6c1a4e-5d0b-4a57-9f0e-2f1d3c4b5a69",
    "created_at": "2026-11-23T12:00:00+00:00",
}
_EFFECTIVE = {
    "application_id": "app-default",
    "key_id": None,
    "user_id": None,
    "version": "organization:1,application:3",
    "policy": {
        "models": {"allow": [["gpt-4o*", "claude-*"]]},
        "rate_limits": [{"scope": "app-default", "requests": 100, "window_seconds": 60}],
        "token_limits": [],
        "cost_caps": [
            {"scope": "org-default", "usd": "500.000000", "period": "month"},
            {"scope": "app-default", "usd": "5.000000", "period": "day"},
        ],
        "concurrency": [{"scope": "app-default", "requests": 20}],
        "max_output_tokens": 4096,
        "parameters": {"allow": [], "deny": ["logit_bias"]},
        "screening": {
            "pii": "block",
            "secrets": "block",
            "overrides": {"email": "redact"},
            "custom": [],
            "allow": {"domains": [], "values": []},
            "responses": "off",
            "restore": False,
        },
        "when_redis_is_down": {"rate": "open", "cost": "closed"},
        "store_payloads": False,
    },
    "shadow": None,
    "documents": [
        {
            "level": "application",
            "subject_id": "app-default",
            "scope": "app-default",
            "version": 3,
            "mode": "enforce",
            "state": "in_force",
            "valid": None,
        }
    ],
}
_FAULTS = {
    "error": {
        "message": "The policy has 2 faults. The first: 'concurrency' must be an integer from 0 to "
        "100000, such as 20.",
        "type": "invalid_request_error",
        "param": "concurrency",
        "code": None,
        "errors": [
            {"field": "concurrency", "message": "must be an integer from 0 to 100000, such as 20"},
            {"field": "cost_caps.1.usd", "message": "is missing"},
        ],
    }
}

_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "Changes with every version."}}


def _json(description: str, example: Any, **more: Any) -> dict[str, Any]:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"type": "object"}, "example": example}},
        **more,
    }


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


_PAGE = [
    _query(
        "limit",
        "Rows of a page.",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    _query("cursor", "The `next_cursor` of the page before.", {"type": "string"}),
]
_IF_MATCH = _header("If-Match", "Only where the stored policy has this `ETag`; else 412.")
_CREATE = _header("If-None-Match", "`*`: only where the subject has no policy yet; else 412.")
_STORED = _json("The policy as it is stored.", _POLICY, headers=_ETAG)
_WRONG = _json("Not a policy: every fault, by its field.", _FAULTS)
_LISTED = _json("A page.", {"data": [_POLICY], "next_cursor": None})
_UNREAD = {"503": {"description": "The database or the configuration cache did not answer."}}
_UNKNOWN = {"404": {"description": "The organisation has no such policy or subject."}}
_REFUSED = {
    "403": {"description": "Not for the caller's role."},
    "412": {"description": "Changed meanwhile."},
    **_UNREAD,
}
_BODY = {
    "required": True,
    "content": {"application/json": {"schema": json_schema(), "examples": _EXAMPLES}},
}

LIST: dict[str, Any] = {
    "parameters": [
        _query("level", "Only this level.", {"type": "string", "enum": list(Level)}),
        *_PAGE,
    ],
    "responses": {"200": _LISTED, **_UNREAD},
}
GET: dict[str, Any] = {
    "parameters": [_header("If-None-Match", "An `ETag` that is at hand already.")],
    "responses": {
        "200": _STORED,
        "304": {"description": "It has not changed."},
        **_UNKNOWN,
        **_UNREAD,
    },
}
PUT: dict[str, Any] = {
    "parameters": [_IF_MATCH, _CREATE],
    "requestBody": _BODY,
    "responses": {"200": _STORED, "201": _STORED, "400": _WRONG, **_UNKNOWN, **_REFUSED},
}
DELETE: dict[str, Any] = {
    "parameters": [_IF_MATCH],
    "responses": {"204": {"description": "Removed."}, **_UNKNOWN, **_REFUSED},
}
VERSIONS: dict[str, Any] = {
    "parameters": _PAGE,
    "responses": {"200": _LISTED, **_UNKNOWN, **_UNREAD},
}
ROLLBACK: dict[str, Any] = {
    "parameters": [_IF_MATCH],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["version"],
                    "properties": {"version": {"type": "integer", "minimum": 1}},
                    "additionalProperties": False,
                },
                "example": {"version": 3},
            }
        },
    },
    "responses": {
        "200": _STORED,
        "400": {"description": "The version is a removal, or would not be taken today."},
        **_UNKNOWN,
        **_REFUSED,
    },
}
VALIDATE: dict[str, Any] = {
    "requestBody": _BODY,
    "responses": {"200": _json("Nothing is wrong with it.", {"valid": True}), "400": _WRONG},
}
EFFECTIVE: dict[str, Any] = {
    "parameters": [
        _query(
            "application_id",
            "An application; with a key it may be left out.",
            {"type": "string"},
        ),
        _query("key_id", "An API key of it.", {"type": "string"}),
        _query("user_id", "Or a user, by the `sub` of its token.", {"type": "string"}),
    ],
    "responses": {"200": _json("What holds now.", _EFFECTIVE), **_UNKNOWN, **_UNREAD},
}
