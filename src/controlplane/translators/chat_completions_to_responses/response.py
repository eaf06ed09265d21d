"""A Response -> a completion. Its chunks joined: a whole answer is the stream of it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.domain.inference import Body
from controlplane.domain.usage import Usage
from controlplane.errors import ProviderError
from controlplane.protocols.responses.usage import read_usage

Item = dict[str, Any]

_TEXTS = ("content", "refusal", "reasoning_content")
_LISTS = ("annotations", "reasoning_details")
# Why an answer ended before its end.
_REASONS: Mapping[str, str] = {"content_filter": "content_filter", "max_output_tokens": "length"}
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})


def joined(chunks: Sequence[Mapping[str, Any]]) -> Body:
    """The completion that the chunks of one answer are. Raises ProviderError for a part of one."""
    message: Item = {"role": "assistant", "content": None, "refusal": None}
    calls: dict[int, Item] = {}
    tokens: list[Any] = []
    reason: str | None = None
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        delta = choice["delta"]
        for name in _TEXTS:
            if delta.get(name):
                message[name] = (message.get(name) or "") + delta[name]
        for name in _LISTS:
            if delta.get(name):
                message[name] = [*message.get(name, ()), *delta[name]]
        for call in delta.get("tool_calls") or ():
            _join(calls.setdefault(call["index"], {}), call)
        tokens += (choice.get("logprobs") or {}).get("content") or ()
        reason = choice["finish_reason"] or reason
    if reason is None:
        raise ProviderError("protocol", "the answer is not complete")
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    elif message["refusal"] is None:
        message["content"] = message["content"] or ""
    logprobs = {"content": tokens, "refusal": None} if tokens else None
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": logprobs}
    return {**chunks[-1], "object": "chat.completion", "choices": [choice]}


def _join(call: Item, piece: Mapping[str, Any]) -> None:
    for name, value in piece.items():
        if isinstance(value, Mapping):
            known = call.setdefault(name, {})
            for member, text in value.items():
                known[member] = known.get(member, "") + text
        elif name != "index":
            call[name] = value


def finish_reason(response: Mapping[str, Any], *, calls: bool) -> str:
    """Chat's word for why the answer ended."""
    if response.get("status") == "incomplete":
        details = response.get("incomplete_details") or {}
        return _REASONS.get(details.get("reason") or "", "length")
    return "tool_calls" if calls else "stop"


def frame(response: Mapping[str, Any]) -> Item:
    """What all chunks of an answer say alike."""
    framed = {
        "id": f"chatcmpl-{response['id'].removeprefix('resp_')}",
        "object": "chat.completion.chunk",
        "created": int(response["created_at"]),
        "model": response["model"],
    }
    tier = response.get("service_tier")
    return {**framed, "service_tier": tier} if tier in _TIERS else framed


def translate_usage(usage: Mapping[str, Any]) -> Item:
    """The usage of a completion."""
    used = read_usage(usage) or Usage()
    # Not in OpenAI's schema: what is kept for longer has a price of its own.
    kept = {"cache_write_1h_tokens": used.cache_write_hour} if used.cache_write_hour else {}
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
    }
