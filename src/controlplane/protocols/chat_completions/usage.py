"""What OpenAI's `usage` says was used.

https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.domain.usage import Usage


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object; None where there is none or it is not one."""
    if not isinstance(usage, Mapping) or "prompt_tokens" not in usage:
        return None
    cached = count(usage.get("prompt_tokens_details"), "cached_tokens")
    cache_write = count(usage.get("prompt_tokens_details"), "cache_write_tokens")
    hour = count(usage.get("prompt_tokens_details"), "cache_write_1h_tokens")
    return Usage(
        # Some servers leave the cached ones out; the whole is never less than its parts.
        input=max(count(usage, "prompt_tokens"), cached + cache_write),
        output=count(usage, "completion_tokens"),
        cached=cached,
        reasoning=count(usage.get("completion_tokens_details"), "reasoning_tokens"),
        cache_write=cache_write,
        cache_write_hour=min(hour, cache_write),
    )


def count(source: Any, name: str) -> int:
    """The positive integer under `name`; 0 for anything else."""
    value = source.get(name) if isinstance(source, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
