"""Server-sent events, as providers send them: the standard's, and what real servers make of it.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from controlplane.domain.memory import hold
from controlplane.errors import ProviderError
from controlplane.providers.http import MAX_ANSWER_BYTES, MAX_STREAM_BYTES

BOM = b"\xef\xbb\xbf"
# What an event has beyond this may be kept until the stream has ended: it counts as held.
SMALL_BYTES = 1024


async def data_of_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The `data` of each event; the pieces may end anywhere. An empty one is a sign of life.

    Events without data and comments say nothing. An event that the end of the stream leaves without
    its blank line counts. Raises ProviderError for an event larger than MAX_ANSWER_BYTES and a
    stream larger than MAX_STREAM_BYTES, Unavailable where the process has no room for an event.
    """
    lines_of, data = _Lines(), _Data()
    left = MAX_STREAM_BYTES
    async for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise ProviderError("protocol", "the stream is too large")
        said = False
        for line in lines_of(piece):
            if line.startswith(b"data:"):
                data.add(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and data.begun:
                event = data.whole()
                if event and not event.isspace():
                    said = True
                    yield event
        if not said:
            data.keep(lines_of.size)
            yield b""
    for line in lines_of(b"\n"):
        if line.startswith(b"data:"):
            data.add(line[5:].removeprefix(b" "))
    if event := data.whole():
        yield event


class _Data:
    """The data of one event after the other: mostly one line, which is not copied."""

    def __init__(self) -> None:
        self.begun = False
        self._first = b""
        self._rest = bytearray()
        self._held = 0

    def add(self, line: bytes) -> None:
        """One more line of it."""
        if self.begun:
            self._rest += b"\n"
            self._rest += line
        else:
            self.begun, self._first = True, line

    def whole(self) -> bytes:
        """The event, which is complete; the next begins."""
        event = self._first
        if self._rest:
            event = b"".join((event, self._rest))
            self._rest = bytearray()
        self.begun, self._first = False, b""
        if len(event) > SMALL_BYTES:
            self._hold(len(event))
        self._held = 0
        return event

    def keep(self, unread: int) -> None:
        """What came of an event that is not complete stays, and `unread` bytes of a line."""
        size = unread + len(self._first) + len(self._rest)
        if size > SMALL_BYTES:
            self._hold(size)

    def _hold(self, size: int) -> None:
        if size > MAX_ANSWER_BYTES:
            raise ProviderError("protocol", "an event of the stream is too large")
        if size > self._held:
            hold(size - self._held)
            self._held = size


class _Lines:
    """The lines that each piece completes."""

    def __init__(self) -> None:
        self._begin = bytearray()
        self._first = self._open = True
        self._after_cr = False

    @property
    def size(self) -> int:
        """Of the unfinished one."""
        return len(self._begin)

    def __call__(self, piece: bytes) -> list[bytes]:
        if self._after_cr or b"\r" in piece:
            piece = self._with_plain_ends(piece)
        lines = piece.split(b"\n")
        if self._open and len(lines) > 1:
            lines[0] = self._joined(lines[0])
        if rest := lines.pop():
            self._open = True
            self._begin += rest
        return lines

    def _joined(self, end: bytes) -> bytes:
        """The line that pieces before have begun."""
        line = b"".join((self._begin, end))
        self._begin = bytearray()
        self._open = False
        if self._first:
            self._first = False
            line = line.removeprefix(BOM)
        return line

    def _with_plain_ends(self, piece: bytes) -> bytes:
        """`piece` with LF for CR LF and for CR, also where the two are in two pieces."""
        if not piece:
            return piece
        if self._after_cr:
            piece = piece.removeprefix(b"\n")
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
