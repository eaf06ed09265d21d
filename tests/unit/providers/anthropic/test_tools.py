"""Tools, the choice among them, and their schemas."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.unit.providers.anthropic.asked import SONNET, TOOL, body

from controlplane.providers.anthropic.request import translate

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
