"""What a `usage` holds, as servers write it: anything may stand in the place of a number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.domain.usage import Usage, sorted_calls

_WORD = re.compile(r"\A[a-z][a-z0-9_.-]{0,31}\Z")
# How the counts of tools that a provider runs end: `web_search_requests`.
_REQUESTS = "_requests"
MOST_TOOLS = 8


def count(source: object, *names: str) -> int:
    """The largest number under these names, rounded up; 0 where there is none above it."""
    if not isinstance(source, Mapping):
        return 0
    return max((_number(source[name]) for name in names if name in source), default=0)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return math.ceil(value) if math.isfinite(value) and value > 0 else 0


def word(value: object) -> str | None:
    """A name such as that of a tier; None for anything else, and for `auto`, which names none."""
    if isinstance(value, str) and value != "auto" and _WORD.match(value):
        return value
    return None


def server_tools(usage: Mapping[str, Any]) -> dict[str, int]:
    """How often the provider's own tools ran: Anthropic's `server_tool_use`."""
    held = usage.get("server_tool_use")
    if not isinstance(held, Mapping):
        return {}
    tools = [name for name in held if name.endswith(_REQUESTS) and word(name)]
    return {name.removesuffix(_REQUESTS): count(held, name) for name in tools[:MOST_TOOLS]}


@dataclass(frozen=True, slots=True)
class CountNames:
    """How a protocol of OpenAI's names its counts, and the members that say what they consist
    of."""

    input: str
    output: str
    of_input: tuple[str, ...]
    of_output: str


# Beside OpenAI's: DeepSeek's, Mistral's and Moonshot's names, and Anthropic's at servers of many.
# https://api-docs.deepseek.com/guides/kv_cache
# https://docs.mistral.ai/api (`num_cached_tokens`, `prompt_token_details`)
# https://platform.moonshot.ai/docs/api/chat
_READ = (
    *("cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens"),
    "cache_read_input_tokens",
)
_WRITTEN = ("cache_write_tokens", "cache_creation_input_tokens")
_LONG = "cache_write_1h_tokens"


def read_counts(usage: Mapping[str, Any], names: CountNames) -> Usage:
    """The counts of a `usage` as OpenAI writes it.

    Some servers leave parts out of the whole, which is never less than they are.
    """
    details = [held for name in names.of_input if isinstance(held := usage.get(name), Mapping)]
    of_output = usage.get(names.of_output)
    cached = _most((usage, *details), *_READ)
    written = _most((usage, *details), *_WRITTEN)
    audio = _most(details, "audio_tokens")
    asked = max(count(usage, names.input), cached + written, audio)
    reasoning, spoken = count(of_output, "reasoning_tokens"), count(of_output, "audio_tokens")
    seconds = count(usage, "prompt_audio_seconds")
    return Usage(
        input=asked,
        output=max(_output(usage, names, reasoning), reasoning, spoken),
        cached=cached,
        reasoning=reasoning,
        cache_write=written,
        cache_write_hour=min(_kept_long(details), written),
        audio_input=audio,
        audio_output=spoken,
        image_input=min(_most(details, "image_tokens"), asked),
        image_output=count(of_output, "image_tokens"),
        calls=sorted_calls(server_tools(usage) | _searches(usage)),
        inference_geo=word(usage.get("inference_geo")),
        # Mistral counts what it hears in seconds.
        unknown=frozenset({"audio_input"} if seconds and not audio else ()),
    )


def _output(usage: Mapping[str, Any], names: CountNames, reasoning: int) -> int:
    """xAI counts what was thought beside the answer, as its total tells."""
    said, total = count(usage, names.output), count(usage, "total_tokens")
    is_beside = reasoning and total == count(usage, names.input) + said + reasoning
    return said + reasoning if is_beside else said


def _kept_long(details: Sequence[Mapping[str, Any]]) -> int:
    """What is written for longer than a cache keeps of itself."""
    lifetimes = [each.get("cache_write_tokens_details") for each in details]
    return max(_most(details, _LONG), _most(lifetimes, "ttl_12h_tokens"))


def _searches(usage: Mapping[str, Any]) -> dict[str, int]:
    """Perplexity's count."""
    searches = count(usage, "num_search_queries")
    return {"web_search": searches} if searches else {}


def _most(sources: Iterable[object], *names: str) -> int:
    return max((count(source, *names) for source in sources), default=0)
