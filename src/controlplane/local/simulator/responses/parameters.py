"""What the Responses API does not take, and the words it has for it.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.local.simulator.asks import CALLED, name_of
from controlplane.local.simulator.openai.errors import invalid
from controlplane.local.simulator.openai.parameters import between
from controlplane.local.simulator.responses.items import wants_encrypted
from controlplane.local.simulator.wire import Refusal

LEAST_OUTPUT_TOKENS = 16
# Do not reason.
_PLAIN = re.compile(r"\A(gpt-4|gpt-3|chatgpt-)")
_ROLES = ("assistant", "system", "developer", "user")
_NAMED_TOOLS = ("function", "custom", "namespace")
_PARAMETERS = frozenset(
    {
        *("access_programs", "background", "background_options", "client_metadata"),
        *("context_management", "conversation", "image", "include", "input", "instructions"),
        *("max_output_tokens", "max_tool_calls", "metadata", "model", "moderation"),
        *("parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key"),
        *("prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier"),
        *("service_tier", "store", "stream", "stream_options", "temperature", "text"),
        *("tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user"),
    }
)
_OTHER_INPUTS = ("previous_response_id", "prompt", "conversation")
_OUTPUTS = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}


def refuse_parameters(body: Mapping[str, Any]) -> None:
    """Raise the Refusal that OpenAI answers to the first parameter it does not take."""
    for name in body:
        if name not in _PARAMETERS:
            raise invalid(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    for check in _CHECKS:
        check(body)


def refuse_items(items: Sequence[Mapping[str, Any]]) -> None:
    """Raise the Refusal of a call without its output, or the reverse. Unknown types are taken."""
    called: dict[str, str] = {}
    for item in items:
        kind, call_id = item["type"], item.get("call_id", "")
        if kind in _OUTPUTS and called.pop(call_id, None) != _OUTPUTS[kind]:
            words = _OUTPUTS[kind].replace("_", " ").replace("function call", "tool call")
            raise invalid(
                f"No {words} found for {kind.replace('_', ' ')} with call_id {call_id}.",
                param="input",
            )
        if kind in _OUTPUTS.values():
            called[call_id] = kind
    if called:
        call_id, kind = next(iter(called.items()))
        words = kind.replace("_", " ")
        raise invalid(f"No tool output found for {words} {call_id}.", param="input")


def refuse_choice(chat: Mapping[str, Any]) -> None:
    """Raise the Refusal of a tool that is named and not offered; in the words of chat."""
    choice = chat["tool_choice"]
    if not isinstance(choice, dict) or choice["type"] not in CALLED:
        return
    wanted = choice[choice["type"]]["name"]
    if wanted not in [name_of(tool) for tool in chat["tools"] if tool["type"] in CALLED]:
        raise invalid(
            f"Tool choice '{wanted}' not found in 'tools' parameter.", param="tool_choice"
        )


def missing_item(id_: str) -> Refusal:
    """A reference to what was not kept."""
    return invalid(
        f"Item with id '{id_}' not found. Items are not persisted when `store` is set to false. "
        "Try again with `store` set to true, or remove this item from your input.",
        status=404,
        param="input",
    )


def foreign_reasoning(id_: str) -> Refusal:
    """Reasoning that was encrypted for another deployment or account, or that was changed."""
    return invalid(
        f"The encrypted content for item {id_} could not be verified. "
        "Reason: Encrypted content could not be decrypted or parsed.",
        code="invalid_encrypted_content",
    )


def _check_input(body: Mapping[str, Any]) -> None:
    given = body.get("input")
    if given is None and not any(body.get(name) for name in _OTHER_INPUTS):
        raise invalid(
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be "
            "provided.",
            param="input",
            code="missing_required_parameter",
        )
    if given is not None and not isinstance(given, str | list):
        raise invalid(
            "Invalid type for 'input': expected one of an array of input items or a string.",
            param="input",
            code="invalid_type",
        )
    for index, item in enumerate(given if isinstance(given, list) else ()):
        _check_item(item, f"input[{index}]")


def _check_item(item: Any, place: str) -> None:
    kind = item.get("type", "message") if isinstance(item, dict) else None
    if not isinstance(kind, str):
        raise invalid(f"Invalid type for '{place}'.", param=place, code="invalid_type")
    if kind == "message" and item.get("role") not in _ROLES:
        raise invalid(
            f"Invalid value: '{item.get('role')}'. Supported values are: 'assistant', 'system', "
            "'developer', and 'user'.",
            param=f"{place}.role",
            code="invalid_value",
        )
    wanted = {"message": "content", "reasoning": "summary", "additional_tools": "tools"}.get(kind)
    wanted = "output" if kind in _OUTPUTS else wanted
    wanted = "call_id" if kind in _OUTPUTS.values() else wanted
    if wanted and wanted not in item:
        place = f"{place}.{wanted}"
        raise invalid(
            f"Missing required parameter: '{place}'.",
            param=place,
            code="missing_required_parameter",
        )


def _check_tools(body: Mapping[str, Any]) -> None:
    for index, tool in enumerate(body.get("tools") or ()):
        place = f"tools[{index}]"
        kind = tool.get("type") if isinstance(tool, dict) else None
        missing = "type" if not isinstance(kind, str) else None
        if kind in _NAMED_TOOLS and not isinstance(tool.get("name"), str):
            missing = "name"
        if missing:
            raise invalid(
                f"Missing required parameter: '{place}.{missing}'.",
                param=f"{place}.{missing}",
                code="missing_required_parameter",
            )


def _check_reasoning(body: Mapping[str, Any]) -> None:
    if not _PLAIN.match(body["model"]):
        return
    if (body.get("reasoning") or {}).get("effort"):
        raise invalid(
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
            param="reasoning.effort",
            code="unsupported_parameter",
        )
    if wants_encrypted(body):
        raise invalid("Encrypted content is not supported with this model.", param="include")


def _check_state(body: Mapping[str, Any]) -> None:
    if body.get("previous_response_id") and body.get("conversation"):
        raise invalid(
            "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. "
            "Ensure you are only providing one of these.",
            param="previous_response_id",
            code="mutually_exclusive_parameters",
        )
    if body.get("background") and body.get("store") is False:
        raise invalid("Background mode requires 'store' to be true.", param="background")


def _check_format(body: Mapping[str, Any]) -> None:
    wanted = (body.get("text") or {}).get("format") or {}
    for name in ("name", "schema") if wanted.get("type") == "json_schema" else ():
        if not wanted.get(name):
            raise invalid(
                f"Missing required parameter: 'text.format.{name}'.",
                param=f"text.format.{name}",
                code="missing_required_parameter",
            )


def _check_output_tokens(body: Mapping[str, Any]) -> None:
    value = body.get("max_output_tokens")
    if value is not None and (type(value) is not int or value < LEAST_OUTPUT_TOKENS):
        raise invalid(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= "
            f"{LEAST_OUTPUT_TOKENS}, but got {value} instead.",
            param="max_output_tokens",
            code="integer_below_min_value",
        )


_CHECKS = (
    _check_input,
    between("temperature", 0, 2),
    between("top_p", 0, 1),
    _check_output_tokens,
    _check_tools,
    _check_reasoning,
    _check_state,
    _check_format,
)
