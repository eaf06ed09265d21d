"""A streamed response as the Lambda Runtime API and API Gateway read it: strictly.

https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

from __future__ import annotations

import base64
import json
import queue
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from io import BufferedIOBase
from typing import Any

DELIMITER = bytes(8)
# API Gateway looks for the delimiter no further.
LONGEST_PRELUDE = 16 * 1024


class Streamed:
    """What a function streams. `headers` are those of its request to the Runtime API.

    With a `backlog` no more than so many pieces are taken before someone asks for one.
    """

    def __init__(
        self, connection: socket.socket, headers: Mapping[str, str], backlog: int = 0
    ) -> None:
        self.headers = headers
        self.prelude: dict[str, Any] = {}
        self.trailers: dict[str, str] = {}
        self.broken: str | None = None
        self._connection = connection
        self._pieces: queue.Queue[bytes | None] = queue.Queue(backlog)

    @property
    def status(self) -> int:
        """The HTTP status that the caller gets."""
        status: int = self.prelude["statusCode"]
        return status

    def header(self, name: str) -> str:
        """A header that the caller gets."""
        value: str = self.prelude["headers"][name]
        return value

    def pieces(self, timeout: float = 30.0) -> Iterator[bytes]:
        """The body as it comes, to its end."""
        while (piece := self.piece(timeout)) is not None:
            yield piece

    def piece(self, timeout: float = 30.0) -> bytes | None:
        """The next piece of the body, None at its end. Raises queue.Empty while there is none."""
        return self._pieces.get(timeout=timeout)

    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces())

    def error(self) -> dict[str, Any]:
        """The error that the trailers tell of."""
        body = base64.b64decode(self.trailers["Lambda-Runtime-Function-Error-Body"], validate=True)
        error: dict[str, Any] = json.loads(body)
        return error

    def leave(self) -> None:
        """Hang up in the middle."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.shutdown(socket.SHUT_RDWR)

    def put(self, piece: bytes | None) -> None:
        """Note what came."""
        self._pieces.put(piece)


def read_streamed(
    file: BufferedIOBase, streamed: Streamed, begin: Callable[[Streamed], None]
) -> bool:
    """Read the body of a streaming response; `begin` is called when the caller hears first.

    Whether the response came to its end.
    """
    chunks = _chunks(file)
    early = b""
    while DELIMITER not in early:
        early += next(chunks)
        assert len(early) <= LONGEST_PRELUDE
    prelude, _, rest = early.partition(DELIMITER)
    piece: bytes | None = rest
    streamed.prelude = json.loads(prelude)
    begin(streamed)
    try:
        while piece is not None:
            if piece:
                streamed.put(piece)
            piece = next(chunks, None)
        streamed.trailers.update(_trailers(file))
    except (OSError, ValueError) as error:
        streamed.broken = repr(error)
    streamed.put(None)
    return streamed.broken is None


def _chunks(file: BufferedIOBase) -> Iterator[bytes]:
    while size := int(file.readline().rstrip(b"\r\n"), 16):
        piece = file.read(size + 2)
        if len(piece) != size + 2 or piece[-2:] != b"\r\n":
            raise ValueError("a chunk that is not whole")
        yield piece[:-2]


def _trailers(file: BufferedIOBase) -> Iterator[tuple[str, str]]:
    while line := file.readline().rstrip(b"\n"):
        if not line.endswith(b"\r"):
            raise ValueError("trailers that are not whole")
        if line == b"\r":
            return
        name, _, value = line.decode("latin-1").partition(":")
        yield name, value.strip()
    raise ValueError("no end of the trailers")
