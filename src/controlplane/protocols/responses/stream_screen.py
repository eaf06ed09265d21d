"""Screen a response as it streams.

A text is held back by a window, so that a value cut over events is still seen whole; what is held
of it leaves before the event that ends it, under the number of its last delta. Events that repeat
a text repeat what has left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from controlplane.domain.inference import Event
from controlplane.protocols.protocol import Window
from controlplane.protocols.responses.texts import (
    Path,
    delta_path,
    is_fixed,
    is_fixed_in_event,
    repeated,
    without_logprobs,
)
from controlplane.screening.stream_buffer import StreamBuffer

# Of the output, the item in which a text stands.
Key = tuple[Any, Path]


@dataclass(slots=True)
class _Text:
    """One text: what came, what may be said of it, and the last delta, with which `rest` leaves."""

    buffer: StreamBuffer
    came: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    last: Event | None = None
    rest: str = ""

    def push(self, delta: str, event: Event) -> Event | None:
        """What may leave before `event`, of which the text is `delta`."""
        before = self.leave()
        self.came.append(delta)
        self.rest, self.last = self.buffer.push(delta), event
        return before

    def finish(self) -> Event | None:
        """What is left."""
        self.rest += self.buffer.finish()
        return self.leave()

    def leave(self) -> Event | None:
        rest, last = self.rest, self.last
        if not rest or last is None:
            return None
        self.said.append(rest)
        self.rest = ""
        # A token of the model says no longer how likely it was than the text that it is in.
        return without_logprobs({**last, "delta": rest})


class ResponseScreen:
    """One stream: `window` makes the window of a text, which is told the member that it is of."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._texts: dict[Key, _Text] = {}
        self._number = 0

    def after(self, event: Event) -> Iterator[Event]:
        """The events that may leave now that `event` has come."""
        return map(self._numbered, self._of(event))

    def at_end(self) -> Iterator[Event]:
        """What is still held."""
        return map(self._numbered, self._rests())

    def _of(self, event: Event) -> Iterator[Event]:
        kind = event.get("type")
        if not isinstance(kind, str):
            yield self._walked_event(event)
        elif kind.endswith(".delta") and isinstance(event.get("delta"), str):
            yield from self._delta(event, kind.removesuffix(".delta"))
        elif isinstance(response := event.get("response"), Mapping):
            if kind not in ("response.created", "response.queued", "response.in_progress"):
                yield from self._rests()
            said = self._said_again(response)
            yield event if said is response else {**event, "response": said}
        else:
            yield from self._repeated(event, kind)

    def _delta(self, event: Event, kind: str) -> Iterator[Event]:
        if kind == "response.audio":
            yield event
            return
        path = delta_path(kind, event)
        key = event.get("output_index", event.get("item_id")), path
        if (text := self._texts.get(key)) is None:
            text = self._texts[key] = _Text(self._window(_name(path)))
        if (before := text.push(event["delta"], event)) is not None:
            yield before

    def _repeated(self, event: Event, kind: str) -> Iterator[Event]:
        found = repeated(kind, event)
        index = event.get("output_index", event.get("item_id"))
        if found is None:
            yield from self._rests((index, (kind.removesuffix(".done"),)))
            yield self._walked_event(event)
            return
        member, path = found
        if kind.endswith(".done"):
            yield from self._rests((index, path))
        old = event.get(member)
        new = self._walked(old, index, path, event)
        if new is old:
            yield event
        elif "logprobs" in event:
            yield {**event, member: new, "logprobs": []}
        else:
            yield {**event, member: new}

    def _said_again(self, response: Mapping[str, Any]) -> Mapping[str, Any]:
        """The response with its output as it was said; all else of it is the request's."""
        changed: dict[str, Any] = {}
        output = response.get("output")
        if isinstance(output, list):
            new = [self._walked(item, place, (), {}) for place, item in enumerate(output)]
            if any(one is not other for one, other in zip(new, output, strict=True)):
                changed["output"] = new
        return {**response, **changed} if changed else response

    def _walked_event(self, event: Event) -> Event:
        """An event of which it is not known where its texts stand: all are looked at."""
        changed = {
            name: new
            for name, old in event.items()
            if not (isinstance(old, str) and is_fixed_in_event(name))
            and (new := self._walked(old, None, ("", name), {})) is not old
        }
        return {**event, **changed} if changed else event

    def _walked(self, value: Any, index: Any, path: Path, holder: Mapping[str, Any]) -> Any:
        """`value`, which stands at `path` of an item, with its texts as they may be said; `value`
        itself where that is how they are."""
        if isinstance(value, str):
            return value if not value or is_fixed(path, holder) else self._text(value, index, path)
        if isinstance(value, Mapping):
            walked = {
                name: self._walked(old, index, (*path, name), value) for name, old in value.items()
            }
            if all(walked[name] is old for name, old in value.items()):
                return value
            return without_logprobs(walked)
        if isinstance(value, list):
            new = [self._walked(old, index, (*path, n), {}) for n, old in enumerate(value)]
            return value if all(a is b for a, b in zip(new, value, strict=True)) else new
        return value

    def _text(self, value: str, index: Any, path: Path) -> str:
        known = self._texts.get((index, path))
        if known is not None and "".join(known.came) == value:
            said = "".join(known.said)
        else:
            buffer = self._window(_name(path))
            said = buffer.push(value) + buffer.finish()
        return value if said == value else said

    def _rests(self, place: Key | None = None) -> Iterator[Event]:
        """What is still held: of all texts, or of those in an item at a place or inside it."""
        for (index, path), text in self._texts.items():
            if place is not None and (index != place[0] or path[: len(place[1])] != place[1]):
                continue
            if (rest := text.finish()) is not None:
                yield rest

    def _numbered(self, event: Event) -> Event:
        """The event, not numbered below one that has left."""
        number = event.get("sequence_number")
        if not isinstance(number, int):
            return event
        if number < self._number:
            return {**event, "sequence_number": self._number}
        self._number = number
        return event


def _name(path: Path) -> str:
    """The member that a text is of."""
    return next((step for step in reversed(path) if isinstance(step, str) and step), "")
