"""The Response around an answer: what was asked for comes back with it, as OpenAI does it.

https://platform.openai.com/docs/api-reference/responses/object
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.usage import read_usage

Item = dict[str, Any]

MAX_ID = 40
# What a Response says where the request does not.
_ECHOED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}

_HEARD: Mapping[str, type] = {"model": str, "service_tier": str, "usage": dict}


class Frame:
    """The Response that answers a request: the same in each event that holds it."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        self._asked = asked
        self._created = 0
        self._heard: Item = {}
        self.id = ""

    def hear(self, answer: Mapping[str, Any]) -> None:
        """Take a completion or a chunk into account."""
        if not self.id:
            created = answer.get("created")
            self._created = created if isinstance(created, int) else int(time.time())
            id_ = str(answer.get("id") or self._created)
            self.id = id_.removeprefix("chatcmpl-")[:MAX_ID]
        for name, kind in _HEARD.items():
            if isinstance(heard := answer.get(name), kind) and _says_something(name, heard):
                self._heard[name] = heard

    def response(self, status: str, output: list[Item], incomplete: str | None = None) -> Item:
        """The Response so far; `incomplete` is why it ends before its end."""
        asked = {name: self._asked.get(name) for name in _ECHOED}
        echoed = {n: default if asked[n] is None else asked[n] for n, default in _ECHOED.items()}
        ended = status != "in_progress"
        usage = self._heard.get("usage") if ended else None
        return {
            "id": f"resp_{self.id}",
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None if incomplete is None else {"reason": incomplete},
            "model": self._heard.get("model") or self._asked.get("model"),
            "output": output,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None, **(self._asked.get("reasoning") or {})},
            "service_tier": self._heard.get("service_tier") or "default",
            "store": False,
            "text": {"format": {"type": "text"}, **(self._asked.get("text") or {})},
            "tools": [_tool(tool) for tool in self._asked.get("tools") or ()],
            "usage": None if usage is None else translate_usage(usage),
            **echoed,
        }


def _says_something(name: str, heard: Any) -> bool:
    """False for a usage of zeros, which some servers send behind the one that counts."""
    return name != "usage" or read_usage(heard) is not None


def translate_usage(usage: Mapping[str, Any]) -> Item:
    """The usage of a Response."""
    used = read_usage(usage) or Usage()
    details = {"cached_tokens": used.cached, "cache_write_tokens": used.cache_write}
    # Not in OpenAI's schema: these have prices of their own.
    if used.cache_write_hour:
        details["cache_write_1h_tokens"] = used.cache_write_hour
    placed = {"inference_geo": used.inference_geo} if used.inference_geo else {}
    tools = {f"{name}_requests": number for name, number in used.calls}
    return {
        "input_tokens": used.input,
        "input_tokens_details": details,
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.reasoning},
        "total_tokens": used.input + used.output,
        **placed,
        **({"server_tool_use": tools} if tools else {}),
    }


def _tool(tool: Any) -> Any:
    if isinstance(tool, Mapping) and tool.get("type") == "function":
        return {"parameters": None, "strict": False, **tool}
    return tool
