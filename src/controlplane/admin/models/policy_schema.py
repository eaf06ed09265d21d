"""The JSON schema of a policy document, out of the bounds that the rules themselves check."""

from __future__ import annotations

from typing import Any

from controlplane.domain.access import Action, Answers, WhenDown
from controlplane.domain.limits import Period
from controlplane.policy import (
    concurrency,
    cost_caps,
    model_access,
    output_tokens,
    parameters,
    request_rate,
    token_rate,
)
from controlplane.policy.mode import Mode
from controlplane.policy.rules import RULES


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _array(items: dict[str, Any], most: int, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _integer(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


def _one_of(names: Any) -> dict[str, Any]:
    return {"type": "string", "enum": [name.value for name in names]}


_GLOB = {"type": "string", "minLength": 1, "maxLength": model_access.MAX_LENGTH}
_NAMES = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}
_TIME = {"type": "string", "format": "date-time"}
_STRINGS = {"type": "array", "items": {"type": "string"}}

_FIELDS: dict[str, dict[str, Any]] = {
    "models": _object({"allow": _array(_GLOB, model_access.MAX_PATTERNS, 1)}, "allow"),
    "rate_limits": _array(
        _object(
            {
                "requests": _integer(0, request_rate.MAX_REQUESTS),
                "window_seconds": _integer(1, request_rate.MAX_WINDOW_SECONDS),
            },
            "requests",
            "window_seconds",
        ),
        request_rate.MAX_LIMITS,
    ),
    "token_limits": _array(
        _object(
            {
                "tokens": _integer(0, token_rate.MAX_TOKENS),
                "window_seconds": _integer(1, token_rate.MAX_WINDOW_SECONDS),
            },
            "tokens",
            "window_seconds",
        ),
        token_rate.MAX_LIMITS,
    ),
    "cost_caps": _array(
        {
            **_object(
                {
                    "usd": {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$"},
                    "period": _one_of(Period),
                    "window_seconds": _integer(
                        cost_caps.MIN_WINDOW_SECONDS, cost_caps.MAX_WINDOW_SECONDS
                    ),
                },
                "usd",
            ),
            "oneOf": [{"required": ["period"]}, {"required": ["window_seconds"]}],
        },
        cost_caps.MAX_CAPS,
    ),
    "concurrency": _integer(0, concurrency.MAX_CONCURRENCY),
    "max_output_tokens": _integer(1, output_tokens.MAX_TOKENS),
    "parameters": {
        **_object(
            {
                "allow": _array(_NAMES, parameters.MAX_NAMES),
                "deny": _array(_NAMES, parameters.MAX_NAMES, 1),
            }
        ),
        "minProperties": 1,
        "maxProperties": 1,
    },
    "screening": _object(
        {
            "pii": _one_of(Action),
            "secrets": _one_of(Action),
            "overrides": {"type": "object", "additionalProperties": _one_of(Action)},
            "custom": {"type": "array", "items": {"type": "object"}},
            "allow": _object({"domains": _STRINGS, "values": _STRINGS}),
            "responses": _one_of(Answers),
            "restore": {"type": "boolean"},
        }
    ),
    "when_redis_is_down": _object({"rate": _one_of(WhenDown), "cost": _one_of(WhenDown)}),
    "store_payloads": {"type": "boolean"},
    "valid": {**_object({"from": _TIME, "until": _TIME}), "minProperties": 1},
    "mode": _one_of(Mode),
}

DOCUMENT = _object(
    {
        field: {**schema, "description": f"Over the levels: {RULES[field].merges}."}
        for field, schema in _FIELDS.items()
    }
)
