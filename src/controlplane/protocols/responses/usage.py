"""What the `usage` of a response says was used.

https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage
"""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.usage import count


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object; None where there is none or it is not one."""
    if not isinstance(usage, Mapping) or "input_tokens" not in usage:
        return None
    details = usage.get("input_tokens_details")
    cached = count(details, "cached_tokens")
    cache_write = count(details, "cache_write_tokens")
    hour = count(details, "cache_write_1h_tokens")
    return Usage(
        # Some servers leave the cached ones out; the whole is never less than its parts.
        input=max(count(usage, "input_tokens"), cached + cache_write),
        output=count(usage, "output_tokens"),
        cached=cached,
        reasoning=count(usage.get("output_tokens_details"), "reasoning_tokens"),
        cache_write=cache_write,
        cache_write_hour=min(hour, cache_write),
    )
