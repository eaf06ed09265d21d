"""Token counts, with the part that the prompt cache and the thinking have in them.

https://docs.claude.com/en/docs/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.local.simulator.anthropic.messages import blocks_of
from controlplane.local.simulator.anthropic.parameters import thinks
from controlplane.local.simulator.generation import THOUGHT, Generation, tokens
from controlplane.local.simulator.wire import Request

# What the end of a stream says of the usage.
_CUMULATIVE = (
    *("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("output_tokens", "output_tokens_details", "server_tool_use"),
)

_LATER = ("output_tokens_details", "server_tool_use")


def token_usage(generation: Generation, request: Request) -> dict[str, Any]:
    """`input_tokens` are those that the cache had no part in; thinking is part of the output."""
    marked = _marked_tokens(request.body)
    hour, minutes, read = (marked.get(ttl, 0) for ttl in ("1h", "5m", None))
    written = hour + minutes
    thought = len(THOUGHT) if thinks(request.body) else 0
    usage: dict[str, Any] = {
        "input_tokens": max(generation.prompt_tokens - read - written, 0),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": minutes,
            "ephemeral_1h_input_tokens": hour,
        },
        "output_tokens": generation.completion_tokens + thought,
        "service_tier": "standard",
        "inference_geo": request.body.get("inference_geo") or "global",
    }
    if thought:
        usage["output_tokens_details"] = {"thinking_tokens": thought}
    if generation.search is not None:
        usage["server_tool_use"] = {"web_search_requests": 1, "web_fetch_requests": 0}
    return usage


def usage_at_start(usage: Mapping[str, Any]) -> dict[str, Any]:
    """What the start of a stream says: the input is known, of the output one token is there."""
    known = {name: count for name, count in usage.items() if name not in _LATER}
    return {**known, "output_tokens": 1}


def usage_at_end(usage: Mapping[str, Any]) -> dict[str, Any]:
    """What the end of a stream says, which counts for all of it."""
    return {name: usage[name] for name in _CUMULATIVE if name in usage}


def _marked_tokens(body: Mapping[str, Any]) -> dict[str | None, int]:
    """The tokens of the texts that are marked with `cache_control`, by the `ttl` of the mark.

    What has a `ttl` is written to the cache; what has none is found in it.
    """
    contents = [body.get("system") or [], *(m["content"] for m in body["messages"])]
    found: dict[str | None, int] = {}
    for block in (block for content in contents for block in blocks_of(content)):
        if (mark := block.get("cache_control")) and "text" in block:
            ttl = mark.get("ttl")
            found[ttl] = found.get(ttl, 0) + tokens(block["text"])
    return found
