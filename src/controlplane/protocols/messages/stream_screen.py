"""Screen a Message as it streams.

Text is held back by a window, so that a value cut over events is still seen whole. Events wait for
their text to leave, and leave in the bytes in which they came where it did not change. All that is
held of a block leaves before the block ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import Any

from controlplane.domain.inference import Event
from controlplane.protocols.messages.seals import is_sealed, seals
from controlplane.protocols.protocol import Window
from controlplane.screening.stream_buffer import StreamBuffer

# Where a block stands for the seals: any of an answer.
_BLOCK = "content.0"
_NOT_TEXT = frozenset({"type", "id", "name", "tool_use_id"})


class EventScreen:
    """One stream: `window` makes the window of a text."""

    def __init__(self, window: Window) -> None:
        self._window = window
        # Block index and member of its deltas -> what is held of that text.
        self._held: dict[tuple[Any, str], _Held] = {}

    async def screened(self, events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
        """The events as they may leave."""
        async for event in events:
            for each in self._event(event):
                yield each
        for each in self._rests():
            yield each

    def _event(self, event: Event) -> Iterator[Event]:
        kind = event.get("type")
        if kind == "content_block_delta":
            yield from self._delta(event)
        elif kind == "ping":
            yield event
        else:
            yield from self._rests()
            if kind == "content_block_start":
                yield self._looked_over(event, "content_block")
            elif kind == "message_start":
                yield self._greeting(event)
            elif kind in ("message_delta", "message_stop", "content_block_stop"):
                yield event
            else:
                shown: Event = self._screened(event, "", "")
                yield shown

    def _delta(self, event: Event) -> Iterator[Event]:
        delta = event.get("delta")
        name = _text_member(delta)
        if isinstance(delta, Mapping) and name is not None:
            key = event.get("index"), name
            if key not in self._held:
                yield from self._rests()
                self._held[key] = _Held(self._window(name, sealed=seals(name)), name)
            yield from self._held[key].push(event, delta[name])
            return
        # A signature ends its thought; what comes beside a text does not interrupt a value.
        is_end = isinstance(delta, Mapping) and any(map(seals, delta))
        yield from self._rests(only_whole=not is_end)
        yield self._looked_over(event, "delta")

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
            unread = {*_NOT_TEXT, "data"} if value.get("type") == "base64" else _NOT_TEXT
            members = {
                name: each if name in unread else self._screened(each, name, f"{place}.{name}")
                for name, each in value.items()
            }
            return members if any(members[n] is not value[n] for n in value) else value
        if isinstance(value, list):
            items = [self._screened(each, key, f"{place}.{at}") for at, each in enumerate(value)]
            return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
        return value

    def _rests(self, *, only_whole: bool = False) -> Iterator[Event]:
        """What is still held; of a text that was just interrupted, `only_whole` leaves it."""
        for held in self._held.values():
            if not only_whole or held.may_be_interrupted:
                yield from held.finish()
        if not only_whole:
            self._held.clear()


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
