"""What Anthropic does not take, and the words it has for it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.unit.local.simulator.anthropic.test_wire import (
    RESULT,
    SCHEMA,
    THINKING,
    TOOL_USE,
    WEATHER,
)
from tests.unit.local.simulator.conftest import MESSAGES, SimulatedProvider


def turns(*contents: Any) -> dict[str, Any]:
    """Messages with these contents, by user and assistant in turn."""
    roles = ("user", "assistant")
    return {
        "messages": [
            {"role": roles[index % 2], "content": content} for index, content in enumerate(contents)
        ]
    }


TEXT = {"type": "text", "text": "Hello"}
FORCED = {"tools": [WEATHER], "tool_choice": {"type": "any"}}
OPEN_SCHEMA = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": 65_000}, "max_tokens: 65000 > 64000"),
        ({"n": 1}, "n: Extra inputs are not permitted"),
        ({"temperature": 1.5}, "temperature: range: 0..1"),
        (
            {"model": "claude-sonnet-5-5", "temperature": 0.5},
            "`temperature` is deprecated for this model.",
        ),
        ({"temperature": 1, "top_p": 1}, "cannot both be specified"),
        ({"stop_sequences": ["\n"]}, "each stop sequence must contain non-whitespace"),
        ({"metadata": {"key": "v"}}, "metadata.key: Extra inputs"),
        ({"service_tier": "flex"}, "service_tier: Input should be"),
        ({"system": [{"type": "text", "text": ""}]}, "system: text content blocks must be non-"),
        ({"tools": [{**WEATHER, "name": "a b"}]}, "tools.0.custom.name: String should match"),
        ({"tools": [{"name": "x"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [WEATHER, WEATHER]}, "Tool names must be unique"),
        ({"tools": [{**WEATHER, "input_schema": OPEN_SCHEMA, "strict": True}]}, "'additionalP"),
        ({"tool_choice": {"type": "any"}}, "may only be specified while providing tools"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found"),
        ({"tools": [WEATHER], "tool_choice": "auto"}, "tool_choice: Input tag 'None'"),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, "equal to 1024"),
        ({"thinking": THINKING, "max_tokens": 1024}, "`max_tokens` must be greater than"),
        ({"thinking": THINKING, "temperature": 0.5}, "may only be set to 1 when thinking"),
        ({"thinking": THINKING, **FORCED}, "Thinking may not be enabled when tool_choice forces"),
        ({"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported"),
        ({"output_config": {"effort": "high"}}, "does not support the effort parameter"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": OPEN_SCHEMA}}},
            "'additionalProperties' must be explicitly set to false",
        ),
    ],
)
async def test_parameters(provider: SimulatedProvider, body: dict[str, Any], said: str) -> None:
    assert said in _refusal(await provider.anthropic(**body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "system", "content": "x"}]}, 'Unexpected role "system"'),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: Input should be"),
        ({"messages": [{**MESSAGES[0], "name": "x"}]}, "messages.0.name: Extra inputs"),
        (turns("", "x"), "messages.0: all messages must have non-empty content"),
        (turns([{"type": "text", "text": " "}]), "must contain non-whitespace text"),
        (turns("Hello", "Hi "), "final assistant content cannot end with trailing whitespace"),
        (turns([{"type": "image_url"}]), "messages.0.content.0: Input tag 'image_url'"),
        (
            turns([{"type": "image", "source": {"type": "base64", "media_type": "image/bmp"}}]),
            "messages.0.content.0.image.source.base64.media_type: Input should be",
        ),
        (
            turns([{"type": "image", "source": {"type": "url", "url": "http://x/y.png"}}]),
            "Only HTTPS URLs are supported",
        ),
        (turns("Hello", [TOOL_USE]), None),
        (turns("Hello", [TOOL_USE], "sunny"), "without `tool_result` blocks immediately after"),
        (turns("Hello", [TOOL_USE], [TEXT, RESULT]), "messages.1: `tool_use` ids were found"),
        (turns("Hello", [TOOL_USE], [RESULT, TEXT]), None),
        (turns([RESULT]), "messages.0.content.0: unexpected `tool_use_id`"),
        (turns("Hello", [{**TOOL_USE, "input": "{}"}], [RESULT]), "input: Input should be a valid"),
        (turns("Hello", [{**TOOL_USE, "id": "call:1"}]), "tool_use.id: String should match"),
        (
            turns("Hello", [TOOL_USE], [RESULT]) | {"thinking": THINKING},
            "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
        ),
    ],
)
async def test_messages(
    provider: SimulatedProvider, body: dict[str, Any], said: str | None
) -> None:
    told = _refusal(await provider.anthropic(**body))
    assert told == "" if said is None else said in told


async def test_roles_need_not_alternate(provider: SimulatedProvider) -> None:
    for roles in (("user", "user"), ("assistant", "user"), ("user", "assistant", "assistant")):
        plain = [{"role": role, "content": "Hello"} for role in roles]
        assert (await provider.anthropic(messages=plain)).status_code == 200, roles
    results = [
        {"role": "user", "content": [RESULT]},
        {"role": "user", "content": [{**RESULT, "tool_use_id": "toolu_2"}]},
    ]
    uses = [TOOL_USE, {**TOOL_USE, "id": "toolu_2"}]
    messages: list[Any] = [*MESSAGES, {"role": "assistant", "content": uses}, *results]
    assert (await provider.anthropic(messages=messages)).status_code == 200


async def test_a_schema_that_is_closed_is_taken(provider: SimulatedProvider) -> None:
    strict = {**WEATHER, "strict": True, "input_schema": SCHEMA}
    assert (await provider.anthropic(tools=[strict])).status_code == 200


def _refusal(response: httpx.Response) -> str:
    """What a refused request is told; "" where the request was taken."""
    if response.status_code == 200:
        return ""
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    return str(error["message"])
