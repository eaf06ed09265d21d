"""JSON schemas in the dialect of structured outputs.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.translators.chat_completions_to_messages.places import refuse

_SCHEMAS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")
_KEPT = frozenset(
    {
        *("type", "enum", "const", "$ref", "required", "additionalProperties", "items"),
        *("format", "minItems", "default", "title", "description", *_SCHEMAS, *_LISTS),
    }
)
# About the document, not about what it describes.
_LEFT_OUT = ("$schema", "$id", "$comment")
_FORMATS = frozenset(
    "date-time time date duration email hostname uri ipv4 ipv6 uuid".split()  # noqa: SIM905
)
# An object that has none of them may hold anything.
_BOUNDING = ("properties", "additionalProperties", "anyOf", "allOf", "oneOf", "$ref")


def closed_schema(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    """A copy in which objects are closed, and what cannot be enforced is in the description.

    So the model still reads it. Raises UnsupportedParameter, naming `place`, where an object is
    open: closed, it could only be empty.
    """
    closed: dict[str, Any] = {}
    told: list[str] = []
    for name, value in _with_one_choice(schema).items():
        if name in _LEFT_OUT:
            continue
        if name not in _KEPT or _is_too_much(name, value):
            shown = value if isinstance(value, str) else orjson.dumps(value).decode()
            told.append(f"{name}: {shown}")
        elif name in _SCHEMAS and isinstance(value, Mapping):
            closed[name] = {key: _closed(item, place) for key, item in value.items()}
        elif name in _LISTS and isinstance(value, list):
            closed[name] = [_closed(item, place) for item in value]
        elif name == "items":
            closed[name] = _closed(value, place)
        else:
            closed[name] = value
    if _is_object(schema):
        if schema.keys().isdisjoint(_BOUNDING):
            refuse(place, "its objects must say which properties they have")
        if closed.setdefault("additionalProperties", False) is not False:
            refuse(place, "its objects must have no additional properties")
    if told:
        limits = "{" + ", ".join(told) + "}"
        said = closed.get("description")
        closed["description"] = f"{said}\n\n{limits}" if said else limits
    return closed


def _closed(value: Any, place: str) -> Any:
    return closed_schema(value, place) if isinstance(value, Mapping) else value


def _with_one_choice(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`oneOf` as `anyOf`, unless there is one already: then it is told."""
    if "anyOf" in schema or not isinstance(schema.get("oneOf"), list):
        return schema
    return {("anyOf" if name == "oneOf" else name): value for name, value in schema.items()}


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    if kind is None:
        return "properties" in schema
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _is_too_much(name: str, value: Any) -> bool:
    if name == "minItems":
        return value not in (0, 1)
    if name == "enum":
        return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
    if name == "items":
        return not isinstance(value, Mapping)
    return name == "format" and value not in _FORMATS
