"""The values made for a schema fit it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from controlplane.local.simulator.schemas import example_of

SCHEMAS: list[dict[str, Any]] = [
    {},
    {"type": "object"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "minLength": 12},
    {"type": "string", "maxLength": 2},
    {"type": "integer", "minimum": 18},
    {"type": "integer", "exclusiveMinimum": 3, "multipleOf": 5},
    {"type": "integer", "maximum": -4},
    {"type": "integer", "exclusiveMaximum": 0},
    {"type": "number", "minimum": 0.5, "maximum": 0.9},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "maximum": -1.5},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["null", "string"]},
    {"const": {"a": 1}},
    {"enum": ["low", "high"]},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    {"type": "array", "items": {"type": "string"}, "maxItems": 0},
    {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
        ]
    },
    {
        "type": "object",
        "properties": {"inner": {"$ref": "#/$defs/inner"}},
        "required": ["inner"],
        "$defs": {
            "inner": {
                "type": "object",
                "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
                "required": ["x", "y"],
                "additionalProperties": False,
            }
        },
    },
    {
        "type": "object",
        "properties": {
            "value": {"type": "string"},
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
        },
        "required": ["value", "next"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["children"],
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_the_example_fits(schema: dict[str, Any]) -> None:
    assert jsonschema.Draft202012Validator(schema).is_valid(example_of(schema))


def test_optional_members_are_shown_at_the_top() -> None:
    assert example_of({"properties": {"city": {"type": "string"}}}) == {"city": "text"}
