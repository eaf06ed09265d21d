"""The parameters that OpenAI takes, and what it says to others.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from controlplane.local.simulator.openai.errors import invalid

_TOOLS_OVER_RESPONSES = re.compile(r"\Agpt-(5\.6|6)")
ROLES = ("system", "assistant", "user", "function", "tool", "developer")


def refuse_parameters(body: Mapping[str, Any]) -> None:
    """Raise the Refusal that OpenAI answers to the first parameter it does not take."""
    for check in _CHECKS:
        check(body)


def refuse_tools(model: str, body: Mapping[str, Any]) -> None:
    """Raise the Refusal of tools where the model takes them over Responses only."""
    if _TOOLS_OVER_RESPONSES.match(model) and body.get("tools"):
        raise invalid(
            f"Function tools are not supported for {model} in /v1/chat/completions. "
            "Please use /v1/responses instead.",
            param="tools",
        )


def _check_names(body: Mapping[str, Any]) -> None:
    for name in body:
        if name not in _PARAMETERS:
            raise invalid(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def _check_messages(body: Mapping[str, Any]) -> None:
    messages = body.get("messages")
    if messages is None:
        raise invalid(
            "Missing required parameter: 'messages'.",
            param="messages",
            code="missing_required_parameter",
        )
    if not isinstance(messages, list) or not messages:
        raise invalid(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead.",
            param="messages",
            code="empty_array",
        )
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ROLES:
            raise invalid(
                f"Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', "
                "'function', 'tool', and 'developer'.",
                param=f"messages[{index}].role",
                code="invalid_value",
            )


def between(name: str, low: float, high: float) -> Callable[[Mapping[str, Any]], None]:
    """The check of a number that is not required."""

    def check(body: Mapping[str, Any]) -> None:
        value = body.get(name)
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(
                f"Invalid type for '{name}': expected a decimal.", param=name, code="invalid_type"
            )
        if value > high:
            raise invalid(
                f"Invalid '{name}': decimal above maximum value. Expected a value <= {high:g}, "
                f"but got {value:g} instead.",
                param=name,
                code="decimal_above_max_value",
            )
        if value < low:
            raise invalid(
                f"Invalid '{name}': decimal below minimum value. Expected a value >= {low:g}, "
                f"but got {value:g} instead.",
                param=name,
                code="decimal_below_min_value",
            )

    return check


def _check_stream_options(body: Mapping[str, Any]) -> None:
    if body.get("stream_options") is not None and not body.get("stream"):
        raise invalid(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )


def _check_shapes(body: Mapping[str, Any]) -> None:
    for index, tool in enumerate(body.get("tools") or ()):
        details = tool.get(tool.get("type")) if isinstance(tool, dict) else None
        if not isinstance(details, dict) or not isinstance(details.get("name"), str):
            place = f"tools[{index}].function"
            raise invalid(
                f"Missing required parameter: '{place}'.",
                param=place,
                code="missing_required_parameter",
            )
    response_format = body.get("response_format") or {}
    if response_format.get("type") == "json_schema" and not response_format.get("json_schema"):
        place = "response_format.json_schema"
        raise invalid(
            f"Missing required parameter: '{place}'.",
            param=place,
            code="missing_required_parameter",
        )


def _check_tool_choice(body: Mapping[str, Any]) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    tools = body.get("tools")
    if not tools:
        raise invalid(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
            "specified.",
            param="tool_choice",
        )
    if isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        wanted = choice[choice["type"]].get("name")
        if wanted not in [tool[tool["type"]]["name"] for tool in tools]:
            raise invalid(
                f"Tool choice '{wanted}' not found in 'tools' parameter.", param="tool_choice"
            )


_CHECKS = (
    _check_names,
    _check_messages,
    between("temperature", 0, 2),
    between("top_p", 0, 1),
    between("presence_penalty", -2, 2),
    between("frequency_penalty", -2, 2),
    between("n", 1, 128),
    between("max_tokens", 1, 128_000),
    between("max_completion_tokens", 1, 128_000),
    _check_stream_options,
    _check_shapes,
    _check_tool_choice,
)
_PARAMETERS = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "moderation",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
