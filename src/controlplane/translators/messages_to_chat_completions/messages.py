"""The system prompt and the turns of a conversation -> chat messages.

https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from controlplane.translators.messages_to_chat_completions.calls import tool_call, tool_result
from controlplane.translators.messages_to_chat_completions.names import ToolNames
from controlplane.translators.messages_to_chat_completions.parts import (
    Block,
    Part,
    blocks_of,
    parts_of,
    plain,
)
from controlplane.translators.messages_to_chat_completions.places import (
    CACHE_CONTROL,
    Losses,
    an_object,
    refuse,
)
from controlplane.translators.messages_to_chat_completions.thoughts import Recollection
from controlplane.translators.messages_to_chat_completions.tools import is_tool_search

_MESSAGE = frozenset({"role", "content", "clear_at", "output_config"})
_ROLES = ("user", "assistant", "system")
_ASKED = frozenset({"text", "image", "document", "search_result", "compaction"})
_SAID = frozenset({"text", "compaction"})
_THOUGHT = ("thinking", "redacted_thinking")
_THINKING = frozenset({"type", "thinking", "signature", "data"})
# What Claude Code is billed by, for Anthropic alone. It differs from request to request, so that
# nothing behind it would be found in a cache.
_BILLING = "x-anthropic-billing-header:"

Message = dict[str, Any]
# A block with its place.
Placed = tuple[str, Block]


class Conversation:
    """Translates one conversation with `provider`."""

    def __init__(self, provider: str, names: ToolNames, losses: Losses) -> None:
        self._provider = provider
        self._names = names
        self._losses = losses

    def system(self, content: Any) -> list[Message]:
        """The message of the system prompt; none where there is none."""
        blocks = []
        for place, block in blocks_of(content, "system"):
            if str(block.get("text")).startswith(_BILLING):
                self._losses.add(f"{place}.billing")
            else:
                blocks.append((place, block))
        parts = self._parts(blocks, frozenset({"text"}))
        return [{"role": "system", "content": plain(parts)}] if parts else []

    def messages(self, messages: Sequence[Any]) -> list[Message]:
        """The chat messages. Turns of one role in a row are one turn, and a turn is a message for
        each result of a tool, and one for what else is said.

        Raises UnsupportedParameter, naming the place.
        """
        read = [self._read(message, f"messages.{i}") for i, message in enumerate(messages)]
        last_asked = max((i for i, (role, _) in enumerate(read) if role == "user"), default=-1)
        if not read or read[-1][0] == "assistant":
            refuse("messages", "the last one must not be the assistant's: none can be gone on with")
        shown = [
            (role, blocks)
            for index, (role, blocks) in enumerate(read)
            if messages[index].get("clear_at") != "next_user_message" or index > last_asked
        ]
        translated: list[Message] = []
        for role, turns in groupby(shown, key=lambda turn: turn[0]):
            blocks = [block for _, each in turns for block in each]
            if role == "assistant":
                translated += self._assistant(blocks)
            elif role == "user":
                translated += self._user(blocks)
            elif parts := self._parts(blocks, frozenset({"text"})):
                translated.append({"role": "system", "content": plain(parts)})
        return translated

    def _read(self, message: Any, place: str) -> tuple[str, Sequence[Placed]]:
        message = an_object(message, place)
        role = message.get("role")
        if role not in _ROLES:
            refuse(f"{place}.role", f"it must be one of {', '.join(_ROLES)}")
        self._losses.others(message, _MESSAGE, place)
        self._losses.named(message, frozenset({"output_config"}), place)
        if message.get("clear_at") not in (None, "never", "next_user_message"):
            refuse(f"{place}.clear_at", "it must be next_user_message or never")
        return role, blocks_of(message.get("content"), f"{place}.content")

    def _user(self, blocks: Sequence[Placed]) -> list[Message]:
        results: list[Message] = []
        media: list[Part] = []
        said: list[Placed] = []
        for place, block in blocks:
            if block["type"] != "tool_result":
                said.append((place, block))
                continue
            result, rest = tool_result(block, place, self._names, self._losses)
            results.append(result)
            media += rest
        parts = media + self._parts(said, _ASKED)
        return [*results, {"role": "user", "content": plain(parts)}] if parts else results

    def _assistant(self, blocks: Sequence[Placed]) -> list[Message]:
        said: list[Placed] = []
        calls: list[dict[str, Any]] = []
        thoughts = Recollection(self._provider)
        for place, block in blocks:
            kind = block["type"]
            if kind in _THOUGHT:
                self._losses.others(block, _THINKING, place)
                if not thoughts.take(block):
                    self._losses.add(f"{place}.{kind}")
            elif kind == "tool_use":
                calls.append(tool_call(block, place, self._names, self._losses))
            elif _is_unread(block):
                self._losses.add(f"{place}.{kind}")
            else:
                said.append((place, block))
        parts = self._parts(said, _SAID)
        if not parts and not calls:
            # Thoughts alone are no turn.
            return []
        message: Message = {"role": "assistant", "content": _joined(parts), **thoughts.members}
        return [{**message, "tool_calls": calls} if calls else message]

    def _parts(self, blocks: Sequence[Placed], allowed: frozenset[str]) -> list[Part]:
        parts: list[Part] = []
        for place, block in blocks:
            if block["type"] not in allowed:
                refuse(place, f"a block of the type '{block['type'][:40]}' cannot be sent there")
            parts += parts_of(block, place, self._losses)
        return parts


def _is_unread(block: Block) -> bool:
    """True for what no other model needs: where one took over, and where tools were looked for."""
    kind = block["type"]
    if kind == "server_tool_use":
        return is_tool_search(block.get("name"))
    return kind in ("fallback", "tool_search_tool_result")


def _joined(parts: Sequence[Part]) -> str | list[Part] | None:
    """Texts of the assistant in a row are one, unless a mark of the cache stands between them."""
    if any(CACHE_CONTROL in part for part in parts):
        return list(parts)
    return "".join(part["text"] for part in parts) or None
