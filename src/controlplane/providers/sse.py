"""Server-sent events, as providers send them: the standard's, and what real servers make of it.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from controlplane.errors import ProviderError
from controlplane.providers.http import MAX_ANSWER_BYTES

BOM = b"\xef\xbb\xbf"


async def data_of_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The `data` of each event; the pieces may end anywhere. An empty one is a sign of life.

    Events without data and comments say nothing. An event that the end of the stream leaves without
    its blank line counts. Raises ProviderError for an event larger than MAX_ANSWER_BYTES.
    """
    lines_of = _Lines()
    data: list[bytes] = []
    async for piece in pieces:
        said = False
        for line in lines_of(piece):
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and data:
                event = data[0] if len(data) == 1 else b"\n".join(data)
                data.clear()
                if len(event) > MAX_ANSWER_BYTES:
                    raise _too_large()
                if event and not event.isspace():
                    said = True
                    yield event
        if not said:
            if lines_of.size + sum(map(len, data)) > MAX_ANSWER_BYTES:
                raise _too_large()
            yield b""
    for line in lines_of(b"\n"):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
    if event := b"\n".join(data):
        yield event


class _Lines:
    """The lines that each piece completes; `size` is how long the unfinished one is."""

    def __init__(self) -> None:
        self._begin: list[bytes] = []
        self._first = self._open = True
        self._after_cr = False
        self.size = 0

    def __call__(self, piece: bytes) -> list[bytes]:
        if self._after_cr or b"\r" in piece:
            piece = self._with_plain_ends(piece)
        lines = piece.split(b"\n")
        if self._open and len(lines) > 1:
            lines[0] = self._joined(lines[0])
        if rest := lines.pop():
            self._open = True
            self._begin.append(rest)
            self.size += len(rest)
        return lines

    def _joined(self, end: bytes) -> bytes:
        """The line that pieces before have begun."""
        line = b"".join((*self._begin, end))
        self._begin.clear()
        self._open, self.size = False, 0
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


def _too_large() -> ProviderError:
    return ProviderError("protocol", "an event of the stream is too large")
