"""What the OpenAPI document says about audit records."""

from __future__ import annotations

from typing import Any

from controlplane.api.exports import COLUMNS, MAX_ROWS
from controlplane.api.routers.admin.openapi_parts import TIME, listing, parameter

ID = "The `x-request-id` of an answer."
EXAMPLE_ID = "req_0d6f7a52c1b94c0f8f5d2f5f6f1f9d11"

_TEXTS = ("application_id", "end_user", "model_requested", "model_served", "provider", "code")
_COUNTS = ("tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning")
_TIMES_MS = ("latency_ms", "overhead_ms")
_EXAMPLE: dict[str, Any] = {
    "request_id": EXAMPLE_ID,
    "occurred_at": "2026-11-03T09:12:44.518213+00:00",
    "admitted_at": "2026-11-03T09:12:44.521077+00:00",
    "org_id": "org-acme",
    "application_id": "app-support",
    "subject": "key:key-5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11",
    "role": "service",
    "end_user": None,
    "operation": "chat.completions",
    "stream": False,
    "model_requested": "gpt-4o",
    "model_served": "gpt-4o",
    "provider": "azure",
    "status": 200,
    "code": None,
    "attempts": [
        {
            "provider": "openai",
            "model": "gpt-4o",
            "latency_ms": 31,
            "status": 529,
            "failure": "status",
        },
        {
            "provider": "azure",
            "model": "gpt-4o",
            "latency_ms": 1420,
            "status": 200,
            "failure": None,
        },
    ],
    "tokens_input": 1200,
    "tokens_output": 310,
    "tokens_cached": 1024,
    "tokens_reasoning": 0,
    "usage_estimated": False,
    "cost_microusd": 4820,
    "cost_usd": "0.004820",
    "latency_ms": 1463,
    "overhead_ms": 12,
    "policy_version": "application:app-support:3",
    "degraded": False,
    "replayed": False,
    "shadow": ["cost:app-support:day"],
    "screening": {"email": 1},
    "payload_key": None,
    "archive_key": "audit/org=org-acme/dt=2026-11-03/5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11.jsonl.gz",
    "schema_version": 1,
}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": list(COLUMNS),
    "properties": {
        "request_id": {"type": "string"},
        "occurred_at": {**TIME, "description": "When the request came."},
        "admitted_at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When its limits were decided: the day and month that are charged.",
        },
        **{name: {"type": ["string", "null"]} for name in _TEXTS},
        "subject": {"type": "string", "description": "`key:<id>` or `user:<sub>`."},
        "status": {"type": "integer"},
        "attempts": {"type": "array", "items": {"type": "object"}},
        **{name: {"type": "integer"} for name in (*_COUNTS, *_TIMES_MS)},
        "usage_estimated": {"type": "boolean", "description": "No provider said how many tokens."},
        "cost_usd": {"type": ["string", "null"], "description": "Null without a known price."},
        "replayed": {
            "type": "boolean",
            "description": "A stored answer was given again; it is charged once.",
        },
        "shadow": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What policies on trial would have refused.",
        },
        "screening": {"type": "object", "description": "Findings by kind; never what was found."},
        "payload_key": {
            "type": ["string", "null"],
            "description": "Where the bucket holds the texts, where the policy keeps them.",
        },
        "archive_key": {
            "type": ["string", "null"],
            "description": "Where the bucket holds this record.",
        },
    },
}
_UNKNOWN = {"404": {"description": "No such application."}}

LIST = listing(
    "audit records; with `format` a file",
    _SCHEMA,
    _EXAMPLE,
    parameter("from", "Not before this day (UTC) or time (RFC 3339)."),
    parameter("to", "Up to the end of this day (UTC), or before this time (RFC 3339)."),
    parameter("application_id", "Of this application."),
    parameter("subject", "Of this caller: `key:<id>` or `user:<sub>`."),
    parameter("model", "With this model asked for or served."),
    parameter("provider", "Answered by this provider."),
    parameter("status", "With this status, such as `429`, or one of a class, such as `4xx`."),
    parameter("code", "With this error code, such as `insufficient_quota`."),
    parameter("min_cost", "That cost so many US dollars or more, such as `0.25`."),
    parameter(
        "format",
        f"`csv` or `jsonl`: a file of up to {MAX_ROWS:,} records (`limit`), or about 3 MB. Go on "
        "with `cursor` set to the header `x-next-cursor`, until that is missing.",
        {"type": "string", "enum": ["json", "csv", "jsonl"], "default": "json"},
    ),
)
LIST["responses"] |= _UNKNOWN
LIST["responses"]["200"]["headers"] = {
    "x-next-cursor": {
        "schema": {"type": "string"},
        "description": "For files: there where more records follow.",
    }
}
LIST["responses"]["200"]["content"] |= {
    "text/csv": {"schema": {"type": "string"}, "example": f"{','.join(COLUMNS)}\r\n"},
    "application/x-ndjson": {"schema": {"type": "string"}},
}
GET: dict[str, Any] = {
    "responses": {
        "200": {
            "description": "The record.",
            "content": {"application/json": {"schema": _SCHEMA, "example": _EXAMPLE}},
        },
        "404": {"description": "No such record, or not the caller's to see."},
        "503": {"description": "The database did not answer."},
    }
}
