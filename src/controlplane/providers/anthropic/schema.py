"""JSON schemas in the dialect of structured outputs.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.providers.anthropic.places import refuse

# What cannot be enforced is said in the description, so that the model still reads it.
_TOLD = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
_FORMATS = frozenset(
    "date-time time date duration email hostname uri ipv4 ipv6 uuid".split()  # noqa: SIM905
)
_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "allOf")


def closed_schema(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A copy in which objects are closed and limits that cannot be enforced are descriptions.

    Raises UnsupportedParameter, naming `place`, where an object is open on purpose.
    """
    closed: dict[str, Any] = {}
    told: list[str] = []
    for name, value in schema.items():
        if name in _TOLD or _is_too_much(name, value):
            told.append(f"{name}: {value}")
        elif name in _NAMED and isinstance(value, Mapping):
            closed[name] = {key: _closed(item, place) for key, item in value.items()}
        elif name in (*_LISTED, "oneOf") and isinstance(value, list):
            closed["anyOf" if name == "oneOf" else name] = [_closed(item, place) for item in value]
        elif name == "items":
            closed[name] = _closed(value, place)
        else:
            closed[name] = value
    kind = closed.get("type")
    is_object = kind == "object" or (isinstance(kind, list) and "object" in kind)
    if is_object and closed.setdefault("additionalProperties", False) is not False:
        refuse(place, "its objects must have no additional properties")
    if told:
        limits = "{" + ", ".join(told) + "}"
        said = closed.get("description")
        closed["description"] = f"{said}\n\n{limits}" if said else limits
    return closed


def _closed(value: Any, place: str) -> Any:
    return closed_schema(value, place) if isinstance(value, Mapping) else value


def _is_too_much(name: str, value: Any) -> bool:
    if name == "minItems":
        return value not in (0, 1)
    return name == "format" and value not in _FORMATS
