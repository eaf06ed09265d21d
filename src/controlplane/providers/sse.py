"""Server-sent events, as providers send them.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from controlplane.errors import ProviderError

MAX_EVENT_BYTES = 4 * 1024 * 1024


async def data_of_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The `data` of each event, whatever way the bytes are cut; comments are passed over.

    Raises ProviderError for an event larger than MAX_EVENT_BYTES.
    """
    buffer = b""
    data: list[bytes] = []
    async for piece in pieces:
        buffer += piece
        if len(buffer) > MAX_EVENT_BYTES:
            raise ProviderError("protocol", "an event of the stream is too large")
        # A line that ends in CR may be half of a CR LF.
        *lines, buffer = buffer.split(b"\n")
        for raw in lines:
            line = raw[:-1] if raw.endswith(b"\r") else raw
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif not line and data:
                yield b"\n".join(data)
                data = []
    if data and not buffer:
        yield b"\n".join(data)
