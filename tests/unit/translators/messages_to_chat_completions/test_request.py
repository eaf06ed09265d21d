"""Parameters of Messages as those of a chat request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.translators.messages_to_chat_completions.cases import asked

from controlplane.errors import UnsupportedParameter

CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
OPEN: dict[str, Any] = {**CLOSED, "required": []}
NEWEST, THINKER, SIMPLE, OTHER = "gpt-6.1-sol", "o4-mini", "gpt-4-turbo", "qwen3-32b"


def sent(body: dict[str, Any], model: str = OTHER) -> Any:
    return asked(body, model=model).request.body


def effort(model: str, **body: Any) -> tuple[str | None, tuple[str, ...]]:
    """The effort that is asked for, and what is named."""
    translated = asked(body, model=model)
    return translated.request.body.get("reasoning_effort"), translated.left_out


@pytest.mark.parametrize(
    ("model", "asked_for", "found", "named"),
    [
        (NEWEST, "low", "low", ()),
        (NEWEST, "max", "max", ()),
        (THINKER, "xhigh", "high", ("output_config.effort",)),
        (OTHER, "max", "high", ("output_config.effort",)),
        (OTHER, "medium", "medium", ()),
        (SIMPLE, "high", None, ("output_config.effort",)),
        (NEWEST, None, None, ()),
    ],
)
def test_an_effort_is_at_most_what_the_model_has(
    model: str, asked_for: str | None, found: str | None, named: tuple[str, ...]
) -> None:
    config = {"effort": asked_for}
    assert effort(model, output_config=config) == (found, named)
    assert effort(model, output_config=config, thinking={"type": "adaptive"}) == (found, named)


@pytest.mark.parametrize(
    ("tokens", "found"),
    [(1024, "low"), (4096, "medium"), (12_000, "high"), (20_000, "xhigh"), (100_000, "xhigh")],
)
def test_a_budget_is_an_effort(tokens: int, found: str) -> None:
    assert effort(NEWEST, thinking={"type": "enabled", "budget_tokens": tokens}) == (found, ())


def test_an_effort_goes_before_a_budget_which_is_named() -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    found = effort(NEWEST, thinking=thinking, output_config={"effort": "high"})
    assert found == ("high", ("thinking.budget_tokens",))


@pytest.mark.parametrize(
    ("model", "found", "named"),
    [
        (NEWEST, "none", ()),
        ("gpt-5.1", "none", ()),
        (THINKER, "low", ("thinking.type",)),
        (SIMPLE, None, ()),
        (OTHER, None, ("thinking.type",)),
    ],
)
def test_no_thinking_is_as_little_as_the_model_can(
    model: str, found: str | None, named: tuple[str, ...]
) -> None:
    assert effort(model, thinking={"type": "disabled"}) == (found, named)


def test_how_thinking_is_shown_is_named() -> None:
    assert effort(OTHER, thinking={"type": "adaptive", "display": "summarized"}) == (None, ())
    hidden = {"type": "adaptive", "display": "omitted", "block_binding": {"a": 1}}
    named = ("thinking.display", "thinking.block_binding")
    assert effort(OTHER, thinking=hidden) == (None, named)
    assert effort(OTHER, thinking={"type": "between_tools"}) == (None, ("thinking.type",))


@pytest.mark.parametrize(
    ("model", "taken"),
    [(OTHER, True), (SIMPLE, True), (NEWEST, False), (THINKER, False), ("openai/o4-mini", False)],
)
def test_sampling_is_left_out_for_models_that_take_none(model: str, taken: bool) -> None:
    body = {"temperature": 0.3, "top_p": 0.9}
    translated = asked(body, model=model)
    assert (translated.request.body.items() >= body.items()) is taken
    assert translated.left_out == (() if taken else ("temperature", "top_p"))


def test_sampling_of_1_is_the_default() -> None:
    assert sent({"temperature": 1, "top_p": 1.0}) == sent({})


def test_a_schema_is_enforced_where_openai_can() -> None:
    closed = asked({"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}})
    described = {"name": "answer", "schema": CLOSED, "strict": True}
    assert closed.request.body["response_format"] == {
        "type": "json_schema",
        "json_schema": described,
    }
    assert closed.left_out == ()
    older = asked({"output_format": {"type": "json_schema", "schema": OPEN}})
    assert older.request.body["response_format"]["json_schema"] == {
        "name": "answer",
        "schema": OPEN,
    }
    assert older.left_out == ("output_format.strict",)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "object"},
        OPEN,
        CLOSED | {"oneOf": []},
        CLOSED | {"properties": {"a": OPEN}},
        CLOSED | {"properties": {"a": {"type": "array", "items": OPEN}}},
        CLOSED | {"properties": {"a": {"anyOf": [OPEN]}}},
        CLOSED | {"$defs": {"x": OPEN}},
        CLOSED | {"$defs": 7},
        CLOSED | {"properties": [7], "required": [7]},
        CLOSED | {"required": [{}]},
        CLOSED | {"anyOf": 7},
    ],
)
def test_a_schema_that_openai_cannot_enforce_is_not_strict(schema: dict[str, Any]) -> None:
    tool = {"name": "f", "input_schema": schema, "strict": True}
    translated = asked({"tools": [tool]})
    assert "strict" not in translated.request.body["tools"][0]["function"]
    assert translated.left_out == ("tools.0.strict",)


def test_a_strict_tool_stays_one() -> None:
    tool = {"name": "f", "input_schema": CLOSED, "strict": True}
    translated = asked({"tools": [tool]})
    assert translated.request.body["tools"][0]["function"]["strict"] is True
    assert translated.left_out == ()


@pytest.mark.parametrize(
    "user_id", ["a@example.com", "+49 30 1234567", json.dumps({"a": "b" * 60})]
)
def test_a_user_that_is_a_person_or_long_is_a_digest(user_id: str) -> None:
    found = sent({"metadata": {"user_id": user_id}})["user"]
    assert len(found) == 64
    assert user_id not in found
    assert found == sent({"metadata": {"user_id": user_id}})["user"]
    assert sent({"metadata": {"user_id": "u-1"}})["user"] == "u-1"


def test_tools_are_functions() -> None:
    tool = {
        "name": "f",
        "type": "custom",
        "description": "Does it.",
        "input_schema": {"type": "object"},
        "input_examples": [{"a": 1}],
        "allowed_callers": ["direct", "code_execution_20250825"],
        "defer_loading": True,
        "cache_control": {"type": "ephemeral"},
    }
    translated = asked({"tools": [tool]})
    (found,) = translated.request.body["tools"]
    assert found == {
        "type": "function",
        "function": {
            "name": "f",
            "description": 'Does it.\n\nExamples of its input:\n{"a":1}',
            "parameters": {"type": "object"},
        },
        "cache_control": {"type": "ephemeral"},
    }
    assert translated.left_out == ("tools.0.defer_loading", "tools.0.allowed_callers")


TOOL = {"name": "f", "input_schema": {"type": "object"}}
LONG = {"name": "g" * 100, "input_schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"type": "auto"}, {}),
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        (
            {"type": "tool", "name": "f"},
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        ),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"parallel_tool_calls": False}),
    ],
)
def test_a_choice_of_tools(choice: dict[str, Any], found: dict[str, Any]) -> None:
    assert sent({"tools": [TOOL], "tool_choice": choice}) == {**sent({"tools": [TOOL]}), **found}


def test_a_long_name_is_one_name_everywhere() -> None:
    body = sent({"tools": [LONG], "tool_choice": {"type": "tool", "name": LONG["name"]}})
    name = body["tools"][0]["function"]["name"]
    assert len(name) == 64
    assert body["tool_choice"]["function"]["name"] == name


def test_a_search_for_tools_is_not_needed_where_all_are_offered() -> None:
    search = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
    translated = asked({"tools": [search, TOOL | {"defer_loading": True}]})
    assert [tool["function"]["name"] for tool in translated.request.body["tools"]] == ["f"]
    assert translated.left_out == ("tools.0.type", "tools.1.defer_loading")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0"),
        ({"tools": [{"type": "code_execution_20260120", "name": "code_execution"}]}, "tools.0"),
        ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools.0"),
        ({"tools": [{"type": "computer_20251124", "name": "computer"}]}, "tools.0"),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "a"}]}, "tools.0"),
        ({"tools": [TOOL | {"novelty": 1}]}, "tools.0.novelty"),
        (
            {"tools": [TOOL | {"allowed_callers": ["code_execution_20260120"]}]},
            "tools.0.allowed_callers",
        ),
        ({"tools": [{"name": "f"}]}, "tools.0.input_schema"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "novelty"}}, "tool_choice.type"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": None}, "max_tokens"),
        ({"temperature": 1.5}, "temperature"),
        ({"thinking": {"type": "novelty"}}, "thinking.type"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "grammar"}}}, "output_config.format.type"),
        ({"output_config": {"novelty": 1}}, "output_config.novelty"),
        (
            {
                "output_config": {"format": {"type": "json_schema", "schema": CLOSED}},
                "output_format": {"type": "json_schema", "schema": OPEN},
            },
            "output_format",
        ),
        ({"service_tier": "flex"}, "service_tier"),
        ({"stop_sequences": [1]}, "stop_sequences.0"),
        ({"metadata": {"user_id": 7}}, "metadata.user_id"),
        ({"metadata": {"novelty": 7}}, "metadata.novelty"),
        ({"system": [{"type": "image"}]}, "system.0"),
        ({"messages": "x"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [7]}, "messages.0"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_its_place(body: dict[str, Any], place: str) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        asked(body)
    assert raised.value.param == place
