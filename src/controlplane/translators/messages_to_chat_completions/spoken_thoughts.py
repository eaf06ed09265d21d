"""What a model thinks aloud in an answer -> thinking blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.domain.inference import Event
from controlplane.translators.messages_to_chat_completions.blocks import Blocks
from controlplane.translators.messages_to_chat_completions.thoughts import (
    DETAILS,
    PLAIN,
    seal,
    sealed_members,
    text_member,
    text_of,
)


class SpokenThoughts:
    """The thoughts of one answer. What is said twice, plainly and in a detail, is one thought."""

    def __init__(self, blocks: Blocks, provider: str) -> None:
        self._blocks = blocks
        self._provider = provider
        # Where the thought that is open stands: a member of the message, or a detail so far.
        self._origin: str | dict[str, Any] | None = None

    def feed(self, delta: Mapping[str, Any]) -> list[Event]:
        """The events that the thoughts of a delta become."""
        if delta.keys().isdisjoint((*PLAIN, DETAILS)):
            return []
        found = delta.get(DETAILS)
        details = [d for d in found if isinstance(d, Mapping)] if isinstance(found, list) else []
        events: list[Event] = []
        if not any(map(text_of, details)):
            for member in PLAIN:
                if isinstance(said := delta.get(member), str) and said:
                    events += self._plain(member, said)
                    break
        for detail in details:
            events += self._detail(detail)
        return events

    def close(self) -> list[Event]:
        """The open thought ends, signed; it is said only now where none can read it."""
        origin, self._origin = self._origin, None
        if origin is None:
            return []
        signature = seal(self._provider, origin)
        if self._blocks.kind == "thinking":
            signed = {"type": "signature_delta", "signature": signature}
            return [*self._blocks.say(signed), *self._blocks.close()]
        redacted = {"type": "redacted_thinking", "data": signature}
        return [*self._blocks.open(redacted), *self._blocks.close()]

    def _plain(self, member: str, said: str) -> list[Event]:
        events = [] if self._origin == member else self._open(member)
        return [*events, *self._say(said)]

    def _detail(self, detail: Mapping[str, Any]) -> list[Event]:
        said, members = text_of(detail), sealed_members(detail)
        readable = text_member(detail) is not None
        if isinstance(self._origin, str) and readable:
            # What was thought is now signed as a whole.
            self._origin = members
            return self.close()
        events: list[Event] = []
        if isinstance(self._origin, dict) and _is_same(self._origin, members):
            data = str(self._origin.get("data", "")) + str(members.get("data", ""))
            self._origin |= {**members, **({"data": data} if data else {})}
        else:
            events += self._open(members) if readable else self._hide(members)
        return [*events, *self._say(said)] if said else events

    def _open(self, origin: str | dict[str, Any]) -> list[Event]:
        events = self.close()
        self._origin = origin
        thinking = {"type": "thinking", "thinking": "", "signature": ""}
        return [*events, *self._blocks.open(thinking)]

    def _hide(self, members: dict[str, Any]) -> list[Event]:
        events = [*self.close(), *self._blocks.close()]
        self._origin = members
        return events

    def _say(self, text: str) -> list[Event]:
        return self._blocks.say({"type": "thinking_delta", "thinking": text})


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True where `after` is more of one detail; the types of its pieces are alike."""
    return all(before.get(n) == after.get(n) for n in ("type", "index")) and (
        "index" in before and after.get("id", before.get("id")) == before.get("id")
    )
