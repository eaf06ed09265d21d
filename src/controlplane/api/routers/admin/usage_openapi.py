"""What the OpenAPI document says about usage."""

from __future__ import annotations

from typing import Any

from controlplane.api.routers.admin.openapi_parts import parameter, record
from controlplane.domain.questions import MAX_USAGE_GROUPS, USAGE_GROUPS

_DAY = {"type": "string", "format": "date"}
_COUNT = {"type": "integer", "minimum": 0}
_USD = {"type": "string", "pattern": r"^\d+\.\d{6}$"}
_UNKNOWN = {"type": ["string", "null"], "description": "Null where it is not known."}
_SUMS: dict[str, dict[str, Any]] = {
    "requests": {**_COUNT, "description": "Answered or not, answers given again included."},
    "refused": {**_COUNT, "description": "Of these, answered with a status from 400 to 499."},
    "failed": {**_COUNT, "description": "Of these, answered with a status of 500 or more."},
    "tokens_input": _COUNT,
    "tokens_output": _COUNT,
    "tokens_cached": {**_COUNT, "description": "Part of the input."},
    "tokens_reasoning": {**_COUNT, "description": "Part of the output."},
    "cost_usd": {**_USD, "description": "Of what has a known price."},
    "average_latency_ms": {"type": ["integer", "null"], "description": "Over all requests."},
}
_ROW = {
    "type": "object",
    "required": list(_SUMS),
    "properties": {
        **{name: _UNKNOWN for name in USAGE_GROUPS if name != "day"},
        "day": {**_DAY, "description": "In UTC, of admission."},
        **_SUMS,
    },
    "description": "Holds the names of `group_by` and the sums.",
}
_SCHEMA = record(
    **{
        "data": {"type": "array", "items": _ROW},
        "totals": record(**_SUMS),
        "from": _DAY,
        "to": _DAY,
    }
)
_EXAMPLE_SUMS = {
    "requests": 1204,
    "refused": 31,
    "failed": 2,
    "tokens_input": 1_410_233,
    "tokens_output": 301_118,
    "tokens_cached": 201_984,
    "tokens_reasoning": 0,
    "cost_usd": "6.536763",
    "average_latency_ms": 1840,
}
_EXAMPLE = {
    "data": [{"model": "gpt-4o", "day": "2026-11-01", **_EXAMPLE_SUMS}],
    "totals": _EXAMPLE_SUMS,
    "from": "2026-11-01",
    "to": "2026-11-30",
}

GET: dict[str, Any] = {
    "parameters": [
        parameter("from", "The first day (UTC); 30 days up to `to` where left out.", _DAY),
        parameter("to", "The last day (UTC), included; today where left out.", _DAY),
        parameter(
            "group_by",
            f"One row for each of these, with commas between them: {', '.join(USAGE_GROUPS)}. "
            "`user` is the caller (`key:<id>` or `user:<sub>`). Without it, one row for all. "
            f"At most {MAX_USAGE_GROUPS:,} rows.",
        ),
        parameter("application_id", "Of this application."),
        parameter("model", "Of this model, as it was served, or asked for where none was."),
        parameter("provider", "Of this provider."),
    ],
    "responses": {
        "200": {
            "description": "Sums, by the names of `group_by`.",
            "content": {"application/json": {"schema": _SCHEMA, "example": _EXAMPLE}},
        },
        "400": {"description": "A parameter is wrong, or there are too many groups."},
        "404": {"description": "No such application."},
        "503": {"description": "The database did not answer."},
    },
}
