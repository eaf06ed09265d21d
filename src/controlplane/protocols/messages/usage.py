"""What the `usage` of a Message says was used.

https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controlplane.domain.usage import COUNTS, Usage, sorted_calls
from controlplane.protocols.counts import count, server_tools, word

# What the provider did on top is billed as well, and is no part of the counts beside it.
_ON_TOP = ("compaction", "advisor_message")


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object; None where there is none or it is not one, or it counts nothing: a
    Message must have one, and a server that does not count says zero.

    There, `input_tokens` are those that were neither read from a cache nor written to one.
    """
    if not isinstance(usage, Mapping):
        return None
    counted = _of(usage)
    iterations = usage.get("iterations")
    for each in iterations if isinstance(iterations, list) else ():
        if isinstance(each, Mapping) and each.get("type") in _ON_TOP:
            counted = _sum(counted, _of(each))
    read = replace(
        counted,
        calls=sorted_calls(server_tools(usage)),
        service_tier=word(usage.get("service_tier")),
        inference_geo=word(usage.get("inference_geo")),
        # Has a price of its own, which no list tells.
        unknown=frozenset({"speed"} if usage.get("speed") == "fast" else ()),
    )
    return None if read == Usage() else read


def risen(before: Mapping[str, Any], usage: Mapping[str, Any]) -> dict[str, Any]:
    """The counts, which are cumulative: where one falls, as with servers that end in zeros, or is
    none any more, the one `before` holds."""
    result = dict(before)
    for name, value in usage.items():
        known = before.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            result[name] = risen(known, value)
        elif value is not None and not _falls(known, value):
            result[name] = value
    return result


def _falls(known: Any, value: Any) -> bool:
    if isinstance(known, Mapping):
        return True
    if not isinstance(known, int | float) or isinstance(known, bool):
        return False
    return not isinstance(value, int | float) or isinstance(value, bool) or value < known


def _of(usage: Mapping[str, Any]) -> Usage:
    lifetimes = usage.get("cache_creation")
    hour = count(lifetimes, "ephemeral_1h_input_tokens")
    read = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    written = max(written, hour + count(lifetimes, "ephemeral_5m_input_tokens"))
    return Usage(
        input=count(usage, "input_tokens") + read + written,
        output=count(usage, "output_tokens"),
        cached=read,
        reasoning=count(usage.get("output_tokens_details"), "thinking_tokens"),
        cache_write=written,
        cache_write_hour=hour,
    )


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(**{name: getattr(one, name) + getattr(other, name) for name in COUNTS})
