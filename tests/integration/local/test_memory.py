"""How large a server process becomes under upstreams that send without end."""

from __future__ import annotations

import asyncio
import gzip
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import repeat
from pathlib import Path

import httpx
import pytest
from tests.benchmarks.processes import free_port, python
from tests.unit.api.test_app import AUTH, BODY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc says how large it is")

# Above what the process has before; the bounds of one answer allow as much.
MAX_GROWTH_MB = 150
SECONDS = 6.0
_HEAD = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Type: %b\r\n"
_EVENTS = _HEAD % (b"200 OK", b"text/event-stream") + b"\r\n"
_JSON = _HEAD % (b"200 OK", b"application/json")
_DELTA = b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
_MILLION = b"{%b}" % b",".join(b'"k%d":1' % i for i in range(1_000_000))

# Each is streamed or not, and what the upstream sends until it is cut.
ATTACKS: dict[str, tuple[bool, Callable[[], Iterable[bytes]]]] = {
    "an event of one line": (True, lambda: [_EVENTS, b"data: ", *repeat(b"x" * 65_536, 40_000)]),
    "an event of empty lines": (True, lambda: [_EVENTS, *repeat(b"data:\n" * 10_000, 40_000)]),
    "a comment": (True, lambda: [_EVENTS, b":", *repeat(b"x" * 65_536, 40_000)]),
    "payloads": (True, lambda: [_EVENTS, *repeat(_DELTA % b"x" * 500, 40_000)]),
    "a bomb": (
        False,
        lambda: [_JSON, b"Content-Encoding: gzip\r\n\r\n", gzip.compress(bytes(300_000_000), 1)],
    ),
    "a million keys": (False, lambda: [_JSON, b"\r\n", _MILLION]),
    "an error": (
        False,
        lambda: [
            _HEAD % (b"400 Bad", b"application/json"),
            b"\r\n{",
            *repeat(b"x" * 65_536, 40_000),
        ],
    ),
}
# What grew the most when nothing was bounded (2.2 GB), and the one that grows while it is unpacked.
WORST = ("an event of one line", "a bomb")


@asynccontextmanager
async def sending(pieces: Iterable[bytes]) -> AsyncIterator[str]:
    """The address of an upstream that sends all of it to whoever asks, or until it is cut."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def megabytes(pid: int, name: str) -> int:
    """`VmRSS` now, or `VmHWM` at its most."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


@pytest.mark.parametrize(
    "attack",
    [pytest.param(attack, marks=() if attack in WORST else pytest.mark.soak) for attack in ATTACKS],
)
async def test_a_process_stays_small(attack: str) -> None:
    stream, pieces = ATTACKS[attack]
    async with sending(pieces()) as url:
        port = free_port()
        with python("-m", "tests.integration.local.small_gateway", url, str(port)) as pid:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                assert (await http.get("/health")).status_code == 200
                before = megabytes(pid, "VmRSS")
                with suppress(TimeoutError, httpx.ReadTimeout):
                    async with asyncio.timeout(SECONDS):
                        await _read(http, stream=stream)
                growth = megabytes(pid, "VmHWM") - before
    print(f"{attack}: {before} MB, and {growth} MB more")
    assert growth < MAX_GROWTH_MB


async def _read(http: httpx.AsyncClient, *, stream: bool) -> None:
    body = BODY | {"stream": stream}
    path = "/v1/chat/completions"
    async with http.stream("POST", path, json=body, headers=AUTH, timeout=SECONDS) as answer:
        with suppress(httpx.RemoteProtocolError):
            async for _ in answer.aiter_bytes():
                pass
