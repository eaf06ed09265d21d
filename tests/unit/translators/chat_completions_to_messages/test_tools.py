"""Tools, the choice among them, and their schemas."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.unit.translators.chat_completions_to_messages.asked import SONNET, TOOL, body

from controlplane.errors import UnsupportedParameter
from controlplane.translators.chat_completions_to_messages.request import translate

OTHER = {"type": "function", "function": {"name": "g"}}


@pytest.mark.parametrize(
    ("choice", "translated", "names"),
    [
        (None, None, ["f", "g"]),
        ("auto", None, ["f", "g"]),
        ("none", {"type": "none"}, ["f", "g"]),
        ("required", {"type": "any"}, ["f", "g"]),
        (
            {"type": "function", "function": {"name": "g"}},
            {"type": "tool", "name": "g"},
            ["f", "g"],
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [OTHER]}},
            {"type": "any"},
            ["g"],
        ),
    ],
)
def test_the_choice_of_tools(choice: Any, translated: Any, names: list[str]) -> None:
    out = translate(body(tools=[TOOL, OTHER], tool_choice=choice), SONNET)
    assert out.get("tool_choice") == translated
    assert [tool["name"] for tool in out["tools"]] == names


def test_no_parallel_calls_where_the_choice_allows_none_at_all() -> None:
    out = translate(body(tools=[TOOL], tool_choice="none", parallel_tool_calls=False), SONNET)
    assert out["tool_choice"] == {"type": "none"}
    assert "tool_choice" not in translate(body(parallel_tool_calls=False), SONNET)


def test_schemas_are_closed_and_their_limits_told() -> None:
    schema = {
        "type": "object",
        "properties": {
            "many": {"type": "array", "items": {"$ref": "#/$defs/one"}, "minItems": 3},
            "either": {"oneOf": [{"type": "string", "format": "uri"}, {"type": "null"}]},
            "text": {
                "type": "string",
                "format": "color",
                "pattern": "^#",
                "description": "A colour",
            },
        },
        "$defs": {"one": {"type": ["object", "null"], "properties": {}}},
    }
    function = {"name": "f", "parameters": schema, "strict": True}
    request = body(tools=[{"type": "function", "function": function}])
    kept = copy.deepcopy(request)
    (tool,) = translate(request, SONNET)["tools"]
    assert tool["input_schema"] == {
        "type": "object",
        "properties": {
            "many": {
                "type": "array",
                "items": {"$ref": "#/$defs/one"},
                "description": "{minItems: 3}",
            },
            "either": {"anyOf": [{"type": "string", "format": "uri"}, {"type": "null"}]},
            "text": {
                "type": "string",
                "description": "A colour\n\n{format: color, pattern: ^#}",
            },
        },
        "$defs": {
            "one": {"type": ["object", "null"], "properties": {}, "additionalProperties": False}
        },
        "additionalProperties": False,
    }
    assert request == kept


def output_schema(schema: Any) -> Any:
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    return translate(body(response_format=wanted), SONNET)["output_config"]["format"]["schema"]


@pytest.mark.parametrize(
    ("schema", "translated"),
    [
        (
            {"type": "array", "prefixItems": [{"type": "string"}], "items": False},
            {
                "type": "array",
                "description": '{prefixItems: [{"type":"string"}], items: false}',
            },
        ),
        (
            {"type": "string", "not": {"enum": ["a"]}, "examples": ["b"]},
            {"type": "string", "description": '{not: {"enum":["a"]}, examples: ["b"]}'},
        ),
        (
            {"anyOf": [{"type": "string"}], "oneOf": [{"type": "integer"}]},
            {"anyOf": [{"type": "string"}], "description": '{oneOf: [{"type":"integer"}]}'},
        ),
        ({"oneOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}]}),
        ({"enum": [{"a": 1}, 2]}, {"description": '{enum: [{"a":1},2]}'}),
        ({"enum": ["a", None]}, {"enum": ["a", None]}),
        (
            {"type": "array", "uniqueItems": True},
            {"type": "array", "description": "{uniqueItems: true}"},
        ),
        ({"type": "string", "$comment": "x"}, {"type": "string"}),
        ({"properties": {}}, {"properties": {}, "additionalProperties": False}),
        ({"type": "object", "additionalProperties": False},) * 2,
        (
            {"type": "object", "$ref": "#/$defs/a", "if": {"required": ["b"]}},
            {
                "type": "object",
                "$ref": "#/$defs/a",
                "additionalProperties": False,
                "description": '{if: {"required":["b"]}}',
            },
        ),
    ],
)
def test_what_cannot_be_enforced_is_told(schema: Any, translated: Any) -> None:
    whole = {"$schema": "x", "type": "object", "properties": {"p": schema}}
    assert output_schema(whole) == {
        "type": "object",
        "properties": {"p": translated},
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "free",
    [
        {"type": "object"},
        {"type": ["object", "null"]},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "patternProperties": {"^a": {"type": "string"}}},
        {"type": "object", "required": ["a"]},
    ],
)
@pytest.mark.parametrize("depth", range(3))
def test_an_object_that_may_hold_anything_is_refused(free: Any, depth: int) -> None:
    schema = free
    for _ in range(depth):
        schema = {"type": "object", "properties": {"p": {"type": "array", "items": schema}}}
    with pytest.raises(UnsupportedParameter) as raised:
        output_schema(schema)
    assert raised.value.param == "response_format.json_schema.schema"
    # Where nothing is enforced, nothing is closed.
    function = {"name": "f", "parameters": {"type": "object", "properties": {"p": free}}}
    (tool,) = translate(body(tools=[{"type": "function", "function": function}]), SONNET)["tools"]
    assert tool["input_schema"]["properties"]["p"] == free


def test_a_strict_tool_without_parameters_has_none() -> None:
    (tool,) = translate(
        body(tools=[{"type": "function", "function": {"name": "f", "strict": True}}]), SONNET
    )["tools"]
    assert tool["input_schema"] == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }
