"""Server-sent events, as providers send them: the standard's, and what real servers make of it.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from controlplane.errors import ProviderError
from controlplane.providers.http import MAX_ANSWER_BYTES

BOM = b"\xef\xbb\xbf"


async def data_of_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The `data` of each event, whatever way the bytes are cut; an empty one is a sign of life.

    Events without data and comments say nothing. An event that the end of the stream leaves without
    its blank line counts. Raises ProviderError for an event larger than MAX_ANSWER_BYTES.
    """
    reader = EventReader()
    async for piece in pieces:
        events = reader.feed(piece)
        if not events:
            yield b""
        for data in events:
            yield data
    for data in reader.feed(b"\n\n"):
        yield data


class EventReader:
    """Feed it the bytes as they come; it returns the data of the events that are whole."""

    def __init__(self) -> None:
        # What is there of a line without its end, and of an event without its blank line.
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._begun = self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The events that `piece` completes. Raises ProviderError for one that is too large."""
        if self._after_cr or b"\r" in piece:
            piece = self._with_plain_ends(piece)
        *lines, rest = piece.split(b"\n")
        events: list[bytes] = []
        if lines:
            if self._line or not self._begun:
                lines[0] = self._first(lines[0])
            events = self._events(lines)
            self._size = sum(map(len, self._data))
        if rest:
            self._line.append(rest)
            self._size += len(rest)
        if self._size > MAX_ANSWER_BYTES:
            raise _too_large()
        return events

    def _first(self, end: bytes) -> bytes:
        """The line that was begun by pieces before."""
        line = b"".join((*self._line, end))
        self._line.clear()
        if not self._begun:
            self._begun = True
            line = line.removeprefix(BOM)
        return line

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        data = self._data
        for line in lines:
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and data:
                event = data[0] if len(data) == 1 else b"\n".join(data)
                data.clear()
                if len(event) > MAX_ANSWER_BYTES:
                    raise _too_large()
                if event and not event.isspace():
                    events.append(event)
        return events

    def _with_plain_ends(self, piece: bytes) -> bytes:
        """`piece` with LF for CR LF and for CR, also where the two are in two pieces."""
        if not piece:
            return piece
        if self._after_cr:
            piece = piece.removeprefix(b"\n")
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _too_large() -> ProviderError:
    return ProviderError("protocol", "an event of the stream is too large")
