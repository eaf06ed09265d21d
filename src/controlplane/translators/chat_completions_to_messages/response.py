"""A Message -> an OpenAI chat completion. Pure.

https://platform.claude.com/docs/en/api/messages
https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.domain.inference import Body
from controlplane.domain.usage import Usage
from controlplane.errors import ProviderError
from controlplane.protocols.messages.usage import read_usage
from controlplane.translators.chat_completions_to_messages.plain_json import first_object
from controlplane.translators.chat_completions_to_messages.thoughts import sealed

# `pause_turn` and a full context window leave the answer unfinished, as a maximum does.
FINISH_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
# A turn may end without a word and takes some tokens; a stop sequence is counted and not shown.
WORDLESS_TOKENS = 3
_WORDLESS = ("refusal", "stop_sequence")
REFUSAL = "The provider's safety system stopped this answer."
# https://platform.claude.com/docs/en/build-with-claude/data-residency#pricing
_DEARER = ("us",)
_SERVICE_TIERS = {"standard": "default", "priority": "priority"}


def completion(message: Mapping[str, Any], *, created: int, json_object: bool = False) -> Body:
    """The completion, `created` in seconds since 1970; `json_object` cuts the text down to one.

    Raises ProviderError where `message` is no finished Message.
    """
    blocks = message.get("content")
    stop_reason = message.get("stop_reason")
    if message.get("type") != "message" or not isinstance(blocks, list) or stop_reason is None:
        raise ProviderError("protocol", "the answer is not a message")
    if not any(map(_is_full, blocks)):
        refuse_hollow(stop_reason, message.get("usage"))
    try:
        choice = {
            "index": 0,
            "message": _assistant(blocks, message, json_object=json_object),
            "finish_reason": finish_reason(stop_reason),
            "logprobs": None,
        }
        usage = message["usage"] if isinstance(message.get("usage"), Mapping) else None
        answer = {**frame(message, "chat.completion", created), "choices": [choice]}
        return answer if usage is None else {**answer, "usage": translate_usage(usage)}
    except (KeyError, TypeError, AttributeError):
        raise ProviderError("protocol", "the answer is not a message") from None


def refuse_hollow(stop_reason: str, usage: object) -> None:
    """Raises ProviderError for a Message without content whose usage counts some."""
    tokens = usage.get("output_tokens") if isinstance(usage, Mapping) else None
    if stop_reason not in _WORDLESS and isinstance(tokens, int) and tokens > WORDLESS_TOKENS:
        raise ProviderError("protocol", "the answer is empty although its usage counts one")


def _is_full(block: Any) -> bool:
    return not isinstance(block, Mapping) or block.get("type") != "text" or bool(block.get("text"))


def finish_reason(stop_reason: str) -> str:
    """OpenAI's word for why the answer ended."""
    return FINISH_REASONS.get(stop_reason, "stop")


def refusal_text(message_or_delta: Mapping[str, Any]) -> str:
    """Why a refused answer was stopped, in the provider's words where there are any."""
    details = message_or_delta.get("stop_details")
    explanation = details.get("explanation") if isinstance(details, Mapping) else None
    return explanation if isinstance(explanation, str) and explanation else REFUSAL


def frame(message: Mapping[str, Any], kind: str, created: int) -> dict[str, Any]:
    """What a completion and each of its chunks say alike."""
    model = message["model"]
    framed = {
        "id": f"chatcmpl-{message['id'].removeprefix('msg_')}",
        "object": kind,
        "created": created,
        "model": model,
        # Anthropic has no such thing; two answers of one model come from one configuration.
        "system_fingerprint": f"fp_{model}",
    }
    usage = message.get("usage")
    served = usage.get("service_tier") if isinstance(usage, Mapping) else None
    tier = _SERVICE_TIERS.get(str(served))
    return framed if tier is None else {**framed, "service_tier": tier}


def translate_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's `usage`: there, cached tokens are part of the prompt, read or written."""
    used = read_usage(usage) or Usage()
    # Not in OpenAI's schema: these have prices of their own.
    kept = {"cache_write_1h_tokens": used.cache_write_hour} if used.cache_write_hour else {}
    placed = {"inference_geo": used.inference_geo} if used.inference_geo in _DEARER else {}
    return {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {
            "cached_tokens": used.cached,
            "cache_write_tokens": used.cache_write,
            **kept,
        },
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
        **placed,
    }


def _assistant(
    blocks: list[Any], message: Mapping[str, Any], *, json_object: bool
) -> dict[str, Any]:
    said: list[str] = []
    thoughts: list[Mapping[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for block in blocks:
        kind = block["type"]
        if kind == "text":
            said.append(block["text"])
        elif kind in ("thinking", "redacted_thinking"):
            thoughts.append(block)
        elif kind == "tool_use":
            calls.append(tool_call(block, orjson.dumps(block["input"]).decode()))
    text = "".join(said)
    if json_object:
        text = first_object(text)
    refused = message["stop_reason"] == "refusal"
    answer: dict[str, Any] = {
        "role": "assistant",
        "content": text if text or not (calls or refused) else None,
        "refusal": refusal_text(message) if refused else None,
    }
    if thought := "".join(block.get("thinking") or "" for block in thoughts):
        answer["reasoning_content"] = thought
    answer |= sealed(thoughts)
    if calls:
        answer["tool_calls"] = calls
    return answer


def tool_call(block: Mapping[str, Any], arguments: str) -> dict[str, Any]:
    """OpenAI's call of a function, for a `tool_use` block."""
    function = {"name": block["name"], "arguments": arguments}
    return {"id": block["id"], "type": "function", "function": function}
