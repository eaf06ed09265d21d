"""What the simulated model says: a pure function of an OpenAI chat request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.local.simulator.asks import (
    CALLED,
    REFUSED,
    ToolUse,
    asked_calls,
    asked_search,
    example_call,
    name_of,
)
from controlplane.local.simulator.schemas import example_of

ECHO_CHARACTERS = 1000
QUOTED_CHARACTERS = 300
# An agent offers so many tools; it shall use one only where its user asks for it.
TOOLS_OF_AN_AGENT = 5
# What every model thinks that is to think.
THOUGHT = ("The", " simulator", " thinks", " before", " it", " answers.")
_PIECE = re.compile(r"\s*\S+|\s+")


@dataclass(frozen=True, slots=True)
class Generation:
    """What every choice says. `pieces` are the text word by word; one piece is one token.

    `stop_sequence` is the one of the request that ended the text, None where it ended by itself.
    `search` is what the provider's own tool searched the web for before the text. Where `refused`,
    the text is the reason.
    """

    pieces: tuple[str, ...]
    tools: tuple[ToolUse, ...]
    finish_reason: str
    choices: int
    prompt_tokens: int
    completion_tokens: int
    stop_sequence: str | None = None
    search: str | None = None
    refused: bool = False

    @property
    def text(self) -> str | None:
        """The text of a choice; None where it is tool calls."""
        return None if self.tools else "".join(self.pieces)


def generate(request: Mapping[str, Any]) -> Generation:
    """What the model says to `request`: the same to the same request, always."""
    messages = request["messages"]
    choices = request.get("n") or 1
    prompt_tokens = 3 + sum(4 + tokens(_text_of(message)) for message in messages)
    if uses := _tool_uses(request):
        forced = isinstance(request.get("tool_choice"), dict)
        used = choices * sum(4 + tokens(use.payload) for use in uses)
        # OpenAI says "stop" where the caller itself named the function.
        reason = "stop" if forced else "tool_calls"
        return Generation((), uses, reason, choices, prompt_tokens, used)
    search, refused = _search(request), REFUSED in _asked(messages)[0]
    text, stopped_by = _until_stop(_text(request), request.get("stop"))
    pieces = tuple(_PIECE.findall(text))
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    reason = "stop"
    if limit and len(pieces) > limit:
        pieces, reason, stopped_by = pieces[:limit], "length", None
    used = choices * len(pieces)
    return Generation(pieces, (), reason, choices, prompt_tokens, used, stopped_by, search, refused)


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
    said = f"The simulator read {len(messages)} message{plural}. The last user said: {echo}"
    results = [_text_of(message) for message in _unanswered(messages) if message["role"] == "tool"]
    return f"{said} The tool said: {results[-1][:QUOTED_CHARACTERS]}" if results else said


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


def _unanswered(messages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """What came after the model's last turn."""
    turns = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    return messages[turns[-1] + 1 :] if turns else messages


def _asked(messages: Sequence[Mapping[str, Any]]) -> tuple[str, bool]:
    """What users said since the last tool result, and whether there is one to answer."""
    news = _unanswered(messages)
    results = [at for at, message in enumerate(news) if message["role"] == "tool"]
    after = news[results[-1] + 1 :] if results else news
    said = (_text_of(message) for message in after if message["role"] == "user")
    return "\n".join(said), bool(results)


def _tool_uses(request: Mapping[str, Any]) -> tuple[ToolUse, ...]:
    choice = request.get("tool_choice")
    tools = [tool for tool in request.get("tools") or () if tool["type"] in CALLED]
    if not tools or choice == "none":
        return ()
    text, shown_result = _asked(request["messages"])
    if isinstance(choice, dict) and choice.get("type") in CALLED:
        wanted = choice[choice["type"]]["name"]
        named = next(tool for tool in tools if name_of(tool) == wanted)
        return asked_calls(text, [named])[:1] or (example_call(named),)
    if isinstance(choice, dict) and choice.get("type") == "web_search":
        return ()
    if uses := asked_calls(text, tools):
        return uses[:1] if request.get("parallel_tool_calls") is False else uses
    # A model that is shown a tool's result answers it; agents would never end otherwise.
    answers = shown_result or len(tools) >= TOOLS_OF_AN_AGENT or _search(request) is not None
    if choice in (None, "auto") and answers:
        return ()
    ready = [tool for tool in tools if not tool.get("deferred")]
    return (example_call(ready[0]),) if ready else ()


def _search(request: Mapping[str, Any]) -> str | None:
    kinds = [tool["type"] for tool in request.get("tools") or ()]
    if "web_search" not in kinds or request.get("tool_choice") == "none":
        return None
    text, shown_result = _asked(request["messages"])
    if shown_result:
        return None
    forced = isinstance(request.get("tool_choice"), dict) or len(kinds) == 1
    return asked_search(text) or (text[:QUOTED_CHARACTERS] if forced else None)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
