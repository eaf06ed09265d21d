"""What a response says was used.

https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from controlplane.domain.usage import Usage, sorted_calls
from controlplane.protocols.counts import CountNames, count, read_counts, word

_NAMES = CountNames(
    input="input_tokens",
    output="output_tokens",
    of_input=("input_tokens_details",),
    of_output="output_tokens_details",
)
# Items of tools that the provider runs, and how their calls are named here.
_COUNTED = {"web_search_call": "web_search", "file_search_call": "file_search"}
# These are billed by the time or by the tokens of another model, of which no item tells.
_UNKNOWN = {"code_interpreter_call": "code_interpreter", "image_generation_call": "image"}
# A search in the older way has another price.
_PREVIEW = "web_search_preview"


def read_usage(usage: object) -> Usage | None:
    """Read a `usage` object; None where there is none, or it counts nothing."""
    if not isinstance(usage, Mapping):
        return None
    read = read_counts(usage, _NAMES)
    return read if read.is_counted else None


def usage_of(response: Mapping[str, Any]) -> Usage:
    """What a whole response says of it: the counts, the tier that served it, and what the
    provider's tools did."""
    read = read_usage(response.get("usage")) or Usage()
    output, tools = response.get("output"), response.get("tools")
    calls, unknown = of_items(output if isinstance(output, list) else ())
    told = response.get("tool_usage")
    if isinstance(told, Mapping) and isinstance(searched := told.get("web_search"), Mapping):
        # What is billed: not every search in the output is.
        calls["web_search"] = count(searched, "num_requests")
    if any(map(_is_preview, tools if isinstance(tools, list) else ())) and "web_search" in calls:
        calls[_PREVIEW] = calls.pop("web_search")
    return replace(
        read,
        calls=sorted_calls(dict(read.calls) | calls),
        service_tier=word(response.get("service_tier")),
        unknown=read.unknown | unknown,
    )


def of_items(items: Iterable[Any]) -> tuple[dict[str, int], set[str]]:
    """How often each of the provider's tools was called, and which are billed by something that is
    not told."""
    calls: dict[str, int] = {}
    unknown: set[str] = set()
    for item in items:
        kind = item.get("type") if isinstance(item, Mapping) else None
        if (name := _COUNTED.get(str(kind))) is not None and _is_billed(item):
            calls[name] = calls.get(name, 0) + 1
        elif kind == "shell_call" and _runs_in_a_container(item):
            unknown.add("container")
        elif kind in _UNKNOWN:
            unknown.add(_UNKNOWN[str(kind)])
    return calls, unknown


def _is_billed(item: Mapping[str, Any]) -> bool:
    """To open a page that was found, and to search in it, costs nothing more."""
    action = item.get("action")
    return not isinstance(action, Mapping) or action.get("type") in (None, "search")


def _runs_in_a_container(item: Mapping[str, Any]) -> bool:
    environment = item.get("environment")
    return isinstance(environment, Mapping) and environment.get("type") == "container_reference"


def _is_preview(tool: Any) -> bool:
    return isinstance(tool, Mapping) and str(tool.get("type")).startswith(_PREVIEW)
