"""What a broken server writes where an HTTP response belongs, byte for byte.

Every transport gets all of it (`test_malformed_http.py`).
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import orjson

TEXT_OF_WHOLE = "from the broken one"
WHOLE = orjson.dumps(
    {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT_OF_WHOLE},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9},
    }
)
_OK = b"HTTP/1.1 200 OK\r\n"
_JSON = b"Content-Type: application/json\r\n"
_CHUNKED = _OK + _JSON + b"Transfer-Encoding: chunked\r\n\r\n"
_LENGTH = b"Content-Length: %d\r\n" % len(WHOLE)


def _head(*lines: bytes, status: bytes = _OK) -> bytes:
    return status + _JSON + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass(frozen=True)
class Malformed:
    """One response. Where `readable`, a client may as well find the answer in it."""

    name: str
    raw: bytes
    readable: bool = False

    def __str__(self) -> str:
        return self.name


CASES = (
    Malformed("nothing at all", b""),
    Malformed("half a status line", b"HTTP/1.1 20"),
    Malformed("a status line and no more", _OK),
    Malformed("garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n"),
    Malformed("another protocol", b"SSH-2.0-OpenSSH_9.9\r\n"),
    Malformed("HTTP/0.9", WHOLE),
    Malformed("a status that is no number", b"HTTP/1.1 abc OK\r\n" + _LENGTH + b"\r\n" + WHOLE),
    Malformed("a status of two digits", b"HTTP/1.1 20 OK\r\n" + _LENGTH + b"\r\n" + WHOLE),
    Malformed("a status of four digits", b"HTTP/1.1 2000 OK\r\n" + _LENGTH + b"\r\n" + WHOLE),
    Malformed("a status beyond all", b"HTTP/1.1 999 Odd\r\n" + _LENGTH + b"\r\n" + WHOLE),
    Malformed("version 7", b"HTTP/7.3 200 OK\r\n" + _LENGTH + b"\r\n" + WHOLE, True),
    Malformed("switching protocols", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + WHOLE),
    Malformed("interim responses only", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    Malformed("a header of 10 KB", _head(b"X: " + b"a" * 10_000, _LENGTH[:-2]) + WHOLE, True),
    Malformed("a header of 1 MB", _head(b"X: " + b"a" * 1_000_000, _LENGTH[:-2]) + WHOLE),
    Malformed("headers without an end", _OK + b"X: a\r\n" * 300_000),
    Malformed("a header without a colon", _head(b"no colon here", _LENGTH[:-2]) + WHOLE),
    Malformed("a header without a name", _head(b": value", _LENGTH[:-2]) + WHOLE),
    Malformed("NUL in a header", _head(b"X: a\x00b", _LENGTH[:-2]) + WHOLE),
    Malformed("a space in a name", _head(b"X Y: a", _LENGTH[:-2]) + WHOLE),
    Malformed("two lengths", _head(b"Content-Length: 3", _LENGTH[:-2]) + WHOLE),
    Malformed("a length that is no number", _head(b"Content-Length: many") + WHOLE),
    Malformed("a negative length", _head(b"Content-Length: -5") + WHOLE),
    Malformed("a length that is too long", _head(b"Content-Length: 9999") + WHOLE),
    Malformed("a length that is too short", _head(b"Content-Length: 30") + WHOLE),
    Malformed("a chunk without a size", _CHUNKED + b"zz\r\n" + WHOLE + b"\r\n0\r\n\r\n"),
    Malformed("a chunk of a negative size", _CHUNKED + b"-5\r\n" + WHOLE + b"\r\n0\r\n\r\n"),
    Malformed("a chunk that ends early", _CHUNKED + _chunk(WHOLE)[:-40]),
    Malformed("no last chunk", _CHUNKED + _chunk(WHOLE[:100])),
)
# Answers in a coding; the first three were asked for.
CODED = tuple(
    Malformed(name, _head(b"Content-Encoding: " + coding, b"Connection: close") + body, readable)
    for name, coding, body, readable in (
        ("gzip", b"gzip", gzip.compress(WHOLE), True),
        ("deflate", b"deflate", zlib.compress(WHOLE), True),
        ("deflate without a frame", b"Deflate", zlib.compress(WHOLE, wbits=-15), True),
        ("a bomb", b"gzip", gzip.compress(bytes(100_000_000)), False),
        ("gzip that is none", b"gzip", WHOLE, False),
        ("gzip that is cut", b"gzip", gzip.compress(WHOLE)[:-30], False),
        ("br", b"br", b"\x0b\x02\x80abc\x03", False),
        ("two codings", b"gzip, gzip", gzip.compress(gzip.compress(WHOLE)), False),
        ("a coding unheard of", b"x", WHOLE, False),
    )
)


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[str]:
    """The address of a server that answers every request with `raw`, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}/v1"
