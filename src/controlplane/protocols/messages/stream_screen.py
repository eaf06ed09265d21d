"""Screen a Message as it streams.

Text is held back by a window, so that a value cut over events is still seen whole. Events wait for
their text to leave, and leave in the bytes in which they came where it did not change. All that is
held of a block leaves before the block ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from controlplane.domain.inference import Event
from controlplane.protocols.messages.seals import is_sealed, seals
from controlplane.protocols.protocol import Window
from controlplane.screening.stream_buffer import StreamBuffer

# Where a block stands for the seals: any of an answer.
_BLOCK = "content.0"
# The index of a block, and the member of its deltas.
_Key = tuple[object, str]
_EVERY = object()
_NAMES = frozenset({"type", "id", "name", "tool_use_id"})


class EventScreen:
    """One stream: `window` makes the window of a text."""

    def __init__(self, window: Window) -> None:
        self._window = window
        # What is held of each text.
        self._held: dict[_Key, _Held] = {}
        self._speaker: _Key | None = None

    def after(self, event: Event) -> Iterator[Event]:
        """The events that may leave now that `event` has come."""
        kind = event.get("type")
        if kind == "content_block_delta":
            yield from self._delta(event)
        elif kind == "ping":
            yield event
        elif kind == "content_block_stop":
            yield from self._ended(_index(event))
            yield event
        elif kind in ("message_delta", "message_stop"):
            yield from self._ended()
            yield event
        elif kind == "content_block_start":
            yield from self._interrupted()
            yield self._looked_over(event, "content_block")
        elif kind == "message_start":
            yield self._greeting(event)
        else:
            shown: Event = self._screened(event, "", "")
            yield shown

    def at_end(self) -> Iterator[Event]:
        """What is still held."""
        return self._ended()

    def _delta(self, event: Event) -> Iterator[Event]:
        index, delta = _index(event), event.get("delta")
        name = _text_member(delta)
        if name is not None:
            key = index, name
            if self._speaker != key:
                yield from self._interrupted()
                self._speaker = key
            if key not in self._held:
                self._held[key] = _Held(self._window(name, sealed=seals(name)), name)
            yield from self._held[key].push(event, event["delta"][name])
            return
        if isinstance(delta, Mapping) and any(map(seals, delta)):
            # A signature ends its thought; what else comes beside a text does not interrupt it.
            yield from self._ended(index)
        yield self._looked_over(event, "delta")

    def _interrupted(self) -> Iterator[Event]:
        """What leaves before something else is said: of two that take turns, no value would be
        seen whole, so a text that was just interrupted stays."""
        for held in self._held.values():
            if held.may_be_interrupted:
                yield from held.finish()

    def _ended(self, index: object = _EVERY) -> Iterator[Event]:
        """All that is held of a block, which has ended."""
        for key in [key for key in self._held if index is _EVERY or key[0] == index]:
            yield from self._held.pop(key).finish()

    def _greeting(self, event: Event) -> Event:
        message = event.get("message")
        if not isinstance(message, Mapping):
            return event
        before = message.get("content")
        after = self._screened(before, "content", "content")
        return event if after is before else {**event, "message": {**message, "content": after}}

    def _looked_over(self, event: Event, member: str) -> Event:
        """The event with its part of the answer looked over as a whole."""
        before = event.get(member)
        after = self._screened(before, member, _BLOCK)
        return event if after is before else {**event, member: after}

    def _screened(self, value: Any, key: str, place: str) -> Any:
        """A value that comes in one piece; the same object where nothing in it changes."""
        if isinstance(value, str):
            window = self._window(key, sealed=is_sealed(place))
            shown = window.push(value) + window.finish()
            return value if shown == value else shown
        if isinstance(value, Mapping):
            unread = _NAMES if place in ("", _BLOCK) else frozenset()
            if value.get("type") == "base64" and "media_type" in value:
                unread = frozenset({"data"})
            members = {
                name: each if name in unread else self._screened(each, name, f"{place}.{name}")
                for name, each in value.items()
            }
            return members if any(members[n] is not value[n] for n in value) else value
        if isinstance(value, list):
            items = [self._screened(each, key, f"{place}.{at}") for at, each in enumerate(value)]
            return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
        return value


class _Held:
    """The events of one text that wait, and what has left of it and not yet gone out."""

    def __init__(self, window: StreamBuffer, member: str) -> None:
        self._window, self._member = window, member
        self._waiting: deque[tuple[Event, str]] = deque()
        self._gone = 0
        self._shown = ""

    @property
    def may_be_interrupted(self) -> bool:
        return self._window.may_be_interrupted

    def push(self, event: Event, text: str) -> Iterator[Event]:
        """What may leave now that `event` has come."""
        self._waiting.append((event, text))
        return self._leave(self._window.push(text))

    def finish(self) -> Iterator[Event]:
        """All that is held."""
        return self._leave(self._window.finish())

    def _leave(self, shown: str) -> Iterator[Event]:
        self._shown += shown
        count = self._window.left - self._gone
        if not self._is_as_it_came(count):
            event = self._waiting[0][0]
            self._cut(count)
            if self._shown:
                yield _with_text(event, self._member, self._shown)
            self._shown = ""
            return
        while self._waiting and len(self._waiting[0][1]) <= count:
            event, text = self._waiting.popleft()
            count -= len(text)
            self._gone += len(text)
            self._shown = self._shown[len(text) :]
            yield event

    def _is_as_it_came(self, count: int) -> bool:
        if len(self._shown) != count:
            return False
        position = 0
        for _, text in self._waiting:
            if position >= count:
                break
            if not self._shown.startswith(text[: count - position], position):
                return False
            position += len(text)
        return True

    def _cut(self, count: int) -> None:
        """Take the first `count` characters out of what waits."""
        self._gone += count
        while self._waiting and count >= len(self._waiting[0][1]):
            count -= len(self._waiting.popleft()[1])
        if count:
            event, text = self._waiting.popleft()
            rest = text[count:]
            self._waiting.appendleft((_with_text(event, self._member, rest), rest))


def _index(event: Event) -> object:
    index = event.get("index")
    return index if isinstance(index, int) else None


def _with_text(event: Event, member: str, text: str) -> Event:
    return {**event, "delta": {**event["delta"], member: text}}


def _text_member(delta: Any) -> str | None:
    """The one member of a delta that is text and goes on in the next one."""
    if not isinstance(delta, Mapping):
        return None
    names: list[str] = [
        name for name, value in delta.items() if name != "type" and isinstance(value, str)
    ]
    if len(names) != 1 or (seals(names[0]) and names[0] != "thinking"):
        return None
    return names[0]
