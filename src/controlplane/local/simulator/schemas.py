"""A value that fits a JSON schema, for tool arguments and structured output."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

MAX_DEPTH = 16

_FORMATS = {
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "date-time": "2026-01-31T12:00:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


def example_of(schema: Any) -> Any:
    """The plainest value that `schema` accepts; `pattern` and `not` are beyond it."""
    return _example(schema, schema, 0)


def _example(schema: Any, root: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    simpler = _without_combination(schema, root, depth)
    if simpler is not None:
        return _example(simpler, root, depth + 1)
    make: Callable[..., Any] = _TYPES.get(_type_of(schema), _string)
    return make(schema, root, depth)


def _without_combination(schema: Mapping[str, Any], root: Any, depth: int) -> Any:
    """The schema with its outermost $ref, anyOf, oneOf or allOf worked in; None without one."""
    if "$ref" in schema:
        return _resolve(root, schema["$ref"])
    for word in ("anyOf", "oneOf", "allOf"):
        parts = schema.get(word)
        if not parts:
            continue
        merged = {key: value for key, value in schema.items() if key != word}
        for part in parts if word == "allOf" else [_shallowest(parts, depth)]:
            target = part
            if isinstance(part, dict) and "$ref" in part:
                target = _resolve(root, part["$ref"])
            merged = _merge(merged, target)
        return merged
    return None


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _shallowest(options: list[Any], depth: int) -> Any:
    """The first option, or deep inside a recursive schema one that ends it."""
    if depth > MAX_DEPTH // 2:
        for option in options:
            if isinstance(option, dict) and option.get("type") not in (None, "object", "array"):
                return option
    return options[0]


def _merge(one: Mapping[str, Any], other: Any) -> dict[str, Any]:
    if not isinstance(other, dict):
        return dict(one)
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _resolve(root: Any, reference: str) -> Any:
    node = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            node = node.get(part.replace("~1", "/").replace("~0", "~"), {})
    return node


def _object(schema: Mapping[str, Any], root: Any, depth: int) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    names = schema.get("required", list(properties) if depth == 0 else [])
    return {name: _example(properties.get(name, {}), root, depth + 1) for name in names}


def _array(schema: Mapping[str, Any], root: Any, depth: int) -> list[Any]:
    least = schema.get("minItems", 1 if depth < MAX_DEPTH // 2 else 0)
    length = min(least, schema.get("maxItems", least))
    return [_example(schema.get("items", {}), root, depth + 1) for _ in range(length)]


def _string(schema: Mapping[str, Any], _root: Any, _depth: int) -> str:
    text = _FORMATS.get(schema.get("format", ""), "text")
    text = text.ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength", len(text))]


def _integer(schema: Mapping[str, Any], _root: Any, _depth: int) -> int:
    step = int(schema.get("multipleOf", 1)) or 1
    if "minimum" in schema or "exclusiveMinimum" in schema:
        low: int = math.ceil(schema.get("minimum", schema.get("exclusiveMinimum")))
        if low <= schema.get("exclusiveMinimum", low - 1):
            low += 1
        return -(-low // step) * step
    below: int = math.ceil(schema.get("exclusiveMaximum", 1)) - 1
    high: int = math.floor(schema.get("maximum", 0))
    return min(below, high, 0) // step * step


def _number(schema: Mapping[str, Any], _root: Any, _depth: int) -> float:
    if "minimum" in schema:
        return float(schema["minimum"])
    if "exclusiveMinimum" in schema:
        low = float(schema["exclusiveMinimum"])
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 2))
        return low + (float(high) - low) / 2
    return float(min(0, schema.get("maximum", 0), schema.get("exclusiveMaximum", 1) - 1))


_TYPES: Mapping[str, Callable[[Mapping[str, Any], Any, int], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _schema, _root, _depth: True,
    "null": lambda _schema, _root, _depth: None,
}
