"""Screen an answer as it streams.

Text is held back by a window, so that a value cut over chunks is still seen whole; what is held of
one text leaves before another begins to speak, so that the order stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from controlplane.domain.inference import Event
from controlplane.protocols.chat_completions.signed_thinking import SEALS, SIGNED, THOUGHTS
from controlplane.screening.stream_buffer import StreamBuffer

# These come in one piece, and clients want them at once.
_WHOLE = frozenset({"role", "id", "type", "name"})
_WHOLE_IN_THOUGHTS = _WHOLE | {"format", *SEALS}
# The way to a text inside a delta; its first steps name who speaks.
Path = tuple[str | int, ...]


class ChunkScreen:
    """One stream: `buffer` makes the window of a text, which is told the key of the text."""

    def __init__(self, buffer: Callable[[str], StreamBuffer]) -> None:
        self._buffer = buffer
        # For each choice, what is held of each of its texts.
        self._held: dict[int, dict[Path, StreamBuffer]] = {}
        self._speaker: dict[int, Path] = {}
        self._last: Event = {}

    def after(self, event: Event) -> Iterator[Event]:
        """The chunks that may leave now that `event` has come."""
        choices = [each for each in event.get("choices") or () if isinstance(each, Mapping)]
        if not choices:
            # The usage: nothing of a text comes behind it.
            yield from self.at_end()
            yield event
            return
        self._last = event
        for choice in choices:
            for shown in self._choice(choice):
                yield {**event, "choices": [shown]}

    def at_end(self) -> Iterator[Event]:
        """What is still held of all choices, as chunks like the last one."""
        for index, held in self._held.items():
            for rest in _rests(held, index):
                yield {**self._last, "choices": [rest]}

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """What may leave now that `choice` has come, one speaker after the other."""
        index = choice.get("index", 0)
        held = self._held.setdefault(index, {})
        delta = choice.get("delta")
        for part in _parts(delta) if isinstance(delta, Mapping) else ():
            speaker = _speaker(part)
            if speaker and speaker != self._speaker.get(index):
                self._speaker[index] = speaker
                yield from _rests(held, index, speaker)
            shown = self._delta(part, (), held)
            if _says_something(shown):
                yield {**choice, "delta": shown, "logprobs": None, "finish_reason": None}
        if choice.get("finish_reason") is not None:
            yield from _rests(held, index)
            yield {**choice, "delta": {}, "logprobs": None}

    def _delta(self, value: Any, path: Path, held: dict[Path, StreamBuffer]) -> Any:
        """`value` with what may leave of each text in it."""
        if isinstance(value, str):
            signed = path[0] in SIGNED
            if path[-1] in (_WHOLE_IN_THOUGHTS if signed else _WHOLE):
                return value
            if path not in held:
                held[path] = self._buffer("" if signed else str(path[-1]))
            return held[path].push(value)
        if isinstance(value, Mapping):
            shown = {name: self._delta(each, (*path, name), held) for name, each in value.items()}
            sealed = path and path[0] in SIGNED and any(value.get(seal) for seal in SEALS)
            return _sealed(shown, path, held) if sealed else shown
        if isinstance(value, list):
            return [
                self._delta(each, (*path, _position(each, place)), held)
                for place, each in enumerate(value)
            ]
        return value


def _parts(delta: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The delta in one part for each who speaks in it, in order; most have one."""
    if len(delta) == 1 and not isinstance(delta.get("tool_calls"), list):
        return [delta]
    parts: list[dict[str, Any]] = [{}]
    for name, value in delta.items():
        pieces = [[item] for item in value] if isinstance(value, list) and value else [value]
        for place, piece in enumerate(pieces):
            if place or (_speaker({name: piece}) and _speaker(parts[-1])):
                parts.append({})
            parts[-1][name] = _numbered(piece, place)
    return parts


def _numbered(piece: Any, place: int) -> Any:
    # Alone, an item keeps the place that it had among the others.
    if place and isinstance(piece, list) and isinstance(piece[0], Mapping):
        return [{"index": place, **piece[0]}]
    return piece


def _speaker(part: Mapping[str, Any]) -> Path:
    """Who says something in `part`; () where none does."""
    for name, value in part.items():
        if value and name != "role" and _says_something(value):
            first = value[0] if isinstance(value, list) else None
            return _speaker_at((name,) if first is None else (name, _position(first, 0)))
    return ()


def _speaker_at(path: Path) -> Path:
    """A member of the delta, or one item of it. Thoughts that come in several forms are one."""
    if path[0] in THOUGHTS:
        return ("thoughts",)
    return path[: 1 + (len(path) > 1 and isinstance(path[1], int))]


def _position(item: Any, place: int) -> int:
    index = item.get("index") if isinstance(item, Mapping) else None
    return index if isinstance(index, int) else place


def _sealed(shown: dict[str, Any], path: Path, held: dict[Path, StreamBuffer]) -> dict[str, Any]:
    """The end of a signed thought: all of it leaves, and what was changed is not signed."""
    changed = False
    for way, buffer in held.items():
        if way[: len(path)] == path and len(way) == len(path) + 1:
            name = str(way[-1])
            shown[name] = (shown.get(name) or "") + buffer.finish()
            changed |= buffer.changed
            buffer.changed = False
    return {n: v for n, v in shown.items() if n not in SEALS} if changed else shown


def _gives_way(buffer: StreamBuffer, path: Path, speaker: Path) -> bool:
    return buffer.may_be_interrupted and _speaker_at(path) != speaker


def _rests(
    held: dict[Path, StreamBuffer], index: int, speaker: Path | None = None
) -> Iterator[Mapping[str, Any]]:
    """What is still held of a choice: all of it, or what leaves before `speaker` says something."""
    for path, buffer in held.items():
        if not buffer.holds if speaker is None else not _gives_way(buffer, path, speaker):
            continue
        delta: Any = buffer.finish()
        for step in reversed(path):
            delta = [{"index": step, **delta}] if isinstance(step, int) else {step: delta}
        yield {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}


def _says_something(value: Any) -> bool:
    if isinstance(value, str):
        return value != ""
    if isinstance(value, Mapping):
        return any(_says_something(each) for name, each in value.items() if name != "index")
    if isinstance(value, list):
        return any(_says_something(each) for each in value)
    return value is not None
