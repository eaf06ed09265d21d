"""What the simulated model says: a pure function of an OpenAI chat request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.local.simulator.schemas import example_of

ECHO_CHARACTERS = 1000
_PIECE = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The one tool call of a generation; `payload` is a function's arguments or a custom input."""

    kind: str
    name: str
    payload: str


@dataclass(frozen=True, slots=True)
class Generation:
    """What every choice says. `pieces` are the text word by word; one piece is one token.

    `stop_sequence` is the one of the request that ended the text, None where it ended by itself.
    """

    pieces: tuple[str, ...]
    tool: ToolUse | None
    finish_reason: str
    choices: int
    prompt_tokens: int
    completion_tokens: int
    stop_sequence: str | None = None

    @property
    def text(self) -> str | None:
        """The text of a choice; None where it is a tool call."""
        return None if self.tool else "".join(self.pieces)


def generate(request: Mapping[str, Any]) -> Generation:
    """What the model says to `request`: the same to the same request, always."""
    messages = request["messages"]
    choices = request.get("n") or 1
    prompt_tokens = 3 + sum(4 + tokens(_text_of(message)) for message in messages)
    if tool := _tool_use(request):
        forced = isinstance(request.get("tool_choice"), dict)
        used = choices * (4 + tokens(tool.payload))
        # OpenAI says "stop" where the caller itself named the function.
        reason = "stop" if forced else "tool_calls"
        return Generation((), tool, reason, choices, prompt_tokens, used)
    text, stopped_by = _until_stop(_text(request), request.get("stop"))
    pieces = tuple(_PIECE.findall(text))
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    reason = "stop"
    if limit and len(pieces) > limit:
        pieces, reason, stopped_by = pieces[:limit], "length", None
    used = choices * len(pieces)
    return Generation(pieces, None, reason, choices, prompt_tokens, used, stopped_by)


def tokens(text: str) -> int:
    """How many tokens a text counts: four characters are one."""
    return (len(text) + 3) // 4


def _text(request: Mapping[str, Any]) -> str:
    messages = request["messages"]
    users = [message for message in messages if message["role"] == "user"]
    echo = _text_of(users[-1])[:ECHO_CHARACTERS] if users else ""
    response_format = request.get("response_format") or {}
    kind = response_format.get("type")
    if kind == "json_schema":
        return _json(example_of(response_format["json_schema"].get("schema") or {}))
    if kind == "json_object":
        return _json({"messages": len(messages), "echo": echo})
    plural = "" if len(messages) == 1 else "s"
    return f"The simulator read {len(messages)} message{plural}. The last user said: {echo}"


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return " ".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _until_stop(text: str, stop: str | Sequence[str] | None) -> tuple[str, str | None]:
    stops = [stop] if isinstance(stop, str) else stop or ()
    found = [(text.find(word), word) for word in stops if word in text]
    at, word = min(found, default=(len(text), None))
    return text[:at], word


def _tool_use(request: Mapping[str, Any]) -> ToolUse | None:
    tools = request.get("tools")
    choice = request.get("tool_choice")
    # A model that is shown a tool's result answers it; agents would never end otherwise.
    shown_result = request["messages"][-1]["role"] == "tool"
    if not tools or choice == "none" or (shown_result and choice in (None, "auto")):
        return None
    tool = tools[0]
    if isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        wanted = choice[choice["type"]]["name"]
        tool = next(tool for tool in tools if tool[tool["type"]]["name"] == wanted)
    details = tool[tool["type"]]
    if tool["type"] == "custom":
        return ToolUse("custom", details["name"], "simulated input")
    payload = _json(example_of(details.get("parameters") or {"type": "object"}))
    return ToolUse("function", details["name"], payload)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
