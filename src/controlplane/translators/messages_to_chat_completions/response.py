"""What ends an answer: why it stopped and what it used, in Messages' words.

https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.usage import read_usage

# Mistral's word for a full context window is `model_length`.
STOP_REASONS: Mapping[str, str] = {
    "length": "max_tokens",
    "model_length": "model_context_window_exceeded",
    "content_filter": "refusal",
}
# Flex is not in Anthropic's schema: it has a price of its own.
_SERVICE_TIERS = {"default": "standard", "priority": "priority", "flex": "flex"}
# What Claude takes as an id, if the conversation goes on with it.
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")
# Shorter ones, such as `call_0`, are used again in the next answer; clients tell calls by them.
_UNIQUE = 16


def message_id(id_: str) -> str:
    """The id of a Message, for a completion's."""
    return f"msg_{_NOT_IN_AN_ID.sub('_', id_.removeprefix('chatcmpl-'))}"


def call_id(id_: str, message: str, place: int) -> str:
    """The id of a call, the one of that `place` in a `message`."""
    plain = _NOT_IN_AN_ID.sub("_", id_)
    if len(plain) >= _UNIQUE:
        return plain
    digest = hashlib.sha256(f"{message} {place}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain or 'call'}_{digest[:_UNIQUE]}"


def ending(
    reason: str, stop: Any, sequences: Sequence[str], *, called: bool, refusal: str
) -> dict[str, Any]:
    """Why it stopped. `stop` is what vLLM names as the sequence that was met.

    A call is one whatever the reason says: servers say `stop` after one that was forced.
    """
    stop_reason = STOP_REASONS.get(reason, "tool_use" if called else "end_turn")
    if refusal:
        stop_reason = "refusal"
    met = stop if isinstance(stop, str) and stop in sequences else None
    if stop_reason == "end_turn" and met is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": met}
    said: dict[str, Any] = {"stop_reason": stop_reason, "stop_sequence": None}
    if stop_reason == "refusal":
        said["stop_details"] = {
            "type": "refusal",
            "category": None,
            "explanation": refusal or None,
        }
    return said


def usage_of(usage: object) -> dict[str, Any]:
    """What was used, as counts that only rise. There, cached tokens are no part of the input."""
    used = read_usage(usage) or Usage()
    tools = {f"{name}_requests": count for name, count in used.calls}
    return {
        **({"server_tool_use": tools} if tools else {}),
        "input_tokens": used.input - used.cached - used.cache_write,
        "cache_creation_input_tokens": used.cache_write,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.output,
        "output_tokens_details": {"thinking_tokens": used.reasoning},
    }


def lifetimes(usage: object) -> dict[str, Any]:
    """How long what was written to the cache stays there."""
    used = read_usage(usage) or Usage()
    return {
        "ephemeral_5m_input_tokens": used.cache_write - used.cache_write_hour,
        "ephemeral_1h_input_tokens": used.cache_write_hour,
    }


def service_tier(tier: object) -> str | None:
    """The tier that served an answer; None where Messages has no word for it."""
    return _SERVICE_TIERS.get(tier) if isinstance(tier, str) else None
