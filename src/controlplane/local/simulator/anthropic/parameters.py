"""The parameters that Anthropic takes, and what it says to others.

https://docs.claude.com/en/api/messages
https://docs.claude.com/en/docs/build-with-claude/extended-thinking
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controlplane.local.simulator.anthropic.errors import invalid
from controlplane.local.simulator.anthropic.messages import (
    blocks_of,
    check_block,
    check_text,
    refuse_messages,
)
from controlplane.local.simulator.anthropic.tools import (
    check_closed,
    check_tool_choice,
    check_tools,
)

MAX_OUTPUT_TOKENS = 64_000
MAX_OUTPUT_TOKENS_SINCE_4_6 = 128_000
LEAST_BUDGET_TOKENS = 1024
EFFORTS = ("low", "medium", "high", "xhigh", "max")
# Think with a budget, and take no `thinking.type` of "adaptive".
_WITH_BUDGET = re.compile(r"\Aclaude-(3-|(opus|sonnet|haiku)-4(-[0-5])?(-\d{8})?\Z)")
# Take either `temperature` or `top_p`.
_EITHER_SAMPLING = re.compile(r"\Aclaude-(opus-4-[1-9]|(sonnet|haiku)-4-[5-9])")
# Take neither, but for the default.
_NO_SAMPLING = re.compile(r"\Aclaude-(opus-4-[7-9]|mythos|(opus|sonnet|haiku|fable)-[5-9])")
_LONG_OUTPUT = re.compile(r"\A(sim-|claude-(opus-4-[6-9]|(opus|sonnet|haiku|fable|mythos)-[5-9]))")
_NAMES = frozenset(
    {
        *("cache_control", "container", "context_management", "inference_geo", "max_tokens"),
        *("mcp_servers", "messages", "metadata", "model", "output_config", "output_format"),
        *("service_tier", "stop_sequences", "stream", "system", "temperature", "thinking"),
        *("tool_choice", "tools", "top_k", "top_p"),
    }
)

_NOT_COUNTED = frozenset(
    {
        *("max_tokens", "metadata", "service_tier", "stop_sequences", "stream", "temperature"),
        *("top_k", "top_p"),
    }
)


def refuse_parameters(body: Mapping[str, Any], *, beta: bool = False) -> None:
    """Raise the Refusal that Anthropic answers to the first parameter it does not take.

    With a `beta` there are parameters that are not known here.
    """
    for name in ("max_tokens", "messages"):
        if name not in body:
            raise invalid(f"{name}: Field required")
    for name in () if beta else body:
        if name not in _NAMES:
            raise invalid(f"{name}: Extra inputs are not permitted")
    for check in _CHECKS:
        check(body)


def refuse_count(body: Mapping[str, Any], *, beta: bool = False) -> None:
    """Raise the Refusal of a request to count tokens, which bounds and samples nothing."""
    for name in () if beta else body:
        if name in _NOT_COUNTED:
            raise invalid(f"{name}: Extra inputs are not permitted")
    refuse_parameters({**body, "max_tokens": max_output_tokens(body["model"])}, beta=beta)


def max_output_tokens(model: str) -> int:
    """What `max_tokens` may be at most."""
    return MAX_OUTPUT_TOKENS_SINCE_4_6 if _LONG_OUTPUT.match(model) else MAX_OUTPUT_TOKENS


def thinks(body: Mapping[str, Any]) -> bool:
    """True where the request asks for thinking."""
    return (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def _check_max_tokens(body: Mapping[str, Any]) -> None:
    value = body["max_tokens"]
    if type(value) is not int:
        raise invalid("max_tokens: Input should be a valid integer")
    if value < 1:
        raise invalid("max_tokens: Input should be greater than or equal to 1")
    most = max_output_tokens(body["model"])
    if value > most:
        raise invalid(
            f"max_tokens: {value} > {most}, which is the maximum allowed number of "
            f"output tokens for {body['model']}"
        )


def _check_sampling(body: Mapping[str, Any]) -> None:
    for name in ("temperature", "top_p"):
        value = body.get(name)
        if value is not None and (type(value) not in (int, float) or not 0 <= value <= 1):
            raise invalid(f"{name}: range: 0..1")
        if value not in (None, 1) and _NO_SAMPLING.match(body["model"]):
            raise invalid(f"`{name}` is deprecated for this model.")
    if _EITHER_SAMPLING.match(body["model"]) and {"temperature", "top_p"} <= body.keys():
        both = "`temperature` and `top_p` cannot both be specified for this model."
        raise invalid(f"{both} Please use only one.")
    stops = body.get("stop_sequences") or ()
    if not all(isinstance(stop, str) and stop.strip() for stop in stops):
        raise invalid("stop_sequences: each stop sequence must contain non-whitespace")


def _check_system(body: Mapping[str, Any]) -> None:
    system = body.get("system", ())
    if not isinstance(system, str | list | tuple):
        raise invalid("system: Input should be a valid list")
    for index, block in enumerate(blocks_of(system) if system else ()):
        check_block(block, f"system.{index}", {"text": check_text})


def _check_small(body: Mapping[str, Any]) -> None:
    for name in body.get("metadata") or ():
        if name != "user_id":
            raise invalid(f"metadata.{name}: Extra inputs are not permitted")
    if "@" in str((body.get("metadata") or {}).get("user_id")):
        raise invalid("metadata.user_id: user_id appears to contain an email address")
    if body.get("service_tier", "auto") not in ("auto", "standard_only"):
        raise invalid("service_tier: Input should be 'auto' or 'standard_only'")
    if not isinstance(body.get("stream", False), bool):
        raise invalid("stream: Input should be a valid boolean")


def _check_thinking(body: Mapping[str, Any]) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind, with_budget = thinking.get("type"), _WITH_BUDGET.match(body["model"])
    if kind not in ("enabled", "disabled", "adaptive"):
        raise invalid(f"thinking: Input tag '{kind}' found using 'type' does not match")
    if kind == "adaptive" and with_budget:
        raise invalid("adaptive thinking is not supported on this model")
    if kind == "enabled":
        _check_budget(thinking.get("budget_tokens"), body["max_tokens"])
    if not thinks(body):
        return
    if body.get("temperature", 1) != 1:
        raise invalid("`temperature` may only be set to 1 when thinking is enabled.")
    if body.get("top_p", 1) < 0.95:
        raise invalid("`top_p` must be greater than or equal to 0.95 when thinking is enabled.")
    if body.get("top_k") is not None:
        raise invalid("`top_k` must be unset when thinking is enabled.")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise invalid("Thinking may not be enabled when tool_choice forces tool use.")
    if kind == "enabled":
        _check_last_turn(body["messages"])


def _check_budget(budget: Any, max_tokens: int) -> None:
    if type(budget) is not int or budget < LEAST_BUDGET_TOKENS:
        place = "thinking.enabled.budget_tokens"
        raise invalid(f"{place}: Input should be greater than or equal to {LEAST_BUDGET_TOKENS}")
    if budget >= max_tokens:
        raise invalid("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_last_turn(messages: list[dict[str, Any]]) -> None:
    """Where tools are in use, the turn that used them begins with what was thought."""
    last = len(messages) - 1
    if last < 1 or not any(b["type"] == "tool_result" for b in blocks_of(messages[-1]["content"])):
        return
    place = max((at for at, m in enumerate(messages) if m["role"] == "assistant"), default=0)
    first = blocks_of(messages[place]["content"])[0]["type"]
    if first not in ("thinking", "redacted_thinking"):
        raise invalid(
            f"messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
            f"found `{first}`. When `thinking` is enabled, a final `assistant` message must start "
            "with a thinking block."
        )


def _check_output(body: Mapping[str, Any]) -> None:
    output = body.get("output_config") or {}
    if output.get("effort", "high") not in EFFORTS:
        raise invalid("output_config.effort: Input should be 'low', 'medium', 'high' or 'max'")
    if "effort" in output and re.match(r"claude-(sonnet|haiku)-4-5|claude-3", body["model"]):
        raise invalid("This model does not support the effort parameter.")
    wanted = output.get("format")
    if wanted is None:
        return
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        raise invalid("output_config.format: Input should be a json_schema with its schema")
    if wanted.keys() > {"type", "schema"}:
        raise invalid("output_config.format: Extra inputs are not permitted")
    check_closed(wanted["schema"], "output_config.format.schema")


_CHECKS = (
    _check_max_tokens,
    lambda body: refuse_messages(body["messages"]),
    _check_system,
    _check_sampling,
    _check_small,
    check_tools,
    check_tool_choice,
    _check_thinking,
    _check_output,
)
