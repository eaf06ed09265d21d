"""What the long-lived server makes of callers that send and read as they should not: raw sockets
against the real application."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send
from tests.unit.api.test_app import app_over
from tests.unit.gateway.parts import KEY, Scripted, gateway

from controlplane.local.http_protocol import MAX_HEAD_BYTES, BoundedProtocol
from controlplane.local.server import server_settings

# The server's own.
NEW_LOOP = uvloop.new_event_loop


class Impatient(BoundedProtocol):
    """The same, in tenths of a second."""

    max_connections = 20
    head_seconds = 0.3
    body_seconds = 0.5
    stall_seconds = 0.5
    linger_seconds = 0.2


@dataclass
class Endless:
    """Sends for ever, as fast as it is read; notes when it is told to stop."""

    sent: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        leaving = asyncio.ensure_future(receive())
        while not leaving.done():
            piece = b"x" * 65_536
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            self.sent += len(piece)
            await asyncio.sleep(0)
        self.stopped.set()


@asynccontextmanager
async def serving(app: object, protocol: type[BoundedProtocol] = Impatient) -> AsyncIterator[int]:
    settings = {**server_settings(), "http": protocol, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(app, port=0, **settings))  # type: ignore[arg-type]
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    assert isinstance(asyncio.get_running_loop(), uvloop.Loop)
    running = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await running


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self, seconds: float = 5) -> bytes:
        """What comes until the server hangs up."""
        try:
            return await asyncio.wait_for(self.reader.read(), seconds)
        except ConnectionError:
            return b"(reset)"


async def connect(port: int, receive_buffer: int | None = None) -> Connection:
    end = socket.socket()
    if receive_buffer:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
    return Connection(*await asyncio.open_connection(sock=end, limit=65_536))


def request(path: str = "/health", *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: cp", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def completion(*, stream: bool = False) -> bytes:
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": stream}
    path, credential = "/v1/chat/completions", f"Authorization: Bearer {KEY}"
    return request(path, credential, method="POST", body=orjson.dumps(body))


def assert_refused(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert b"\r\nx-request-id: req_" in head
    assert b"\r\nconnection: close" in head
    error = orjson.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"].endswith(".")


def test_the_bounds_are_these() -> None:
    bounds = BoundedProtocol
    assert (bounds.head_seconds, bounds.body_seconds, bounds.stall_seconds) == (10, 30, 30)
    assert (bounds.max_connections, MAX_HEAD_BYTES) == (1_000, 65_536)
    assert server_settings()["http"] is BoundedProtocol


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost cp\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_request_gets_the_envelope(sent: bytes) -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        connection = await connect(port)
        await connection.send(sent)
        assert_refused(await connection.rest(), 400)


async def test_bad_http_at_a_path_of_anthropic_is_refused_in_its_form() -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        connection = await connect(port)
        await connection.send(b"POST /v1/messages HTTP/1.1\r\nbad header\r\n\r\n")
        answer = await connection.rest()
    assert orjson.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "error"
    assert b"\r\nrequest-id: req_" in answer


@pytest.mark.parametrize(
    "large",
    [
        request("/health", "X: " + "a" * 70_000),
        request("/health", *[f"X{i}: {'a' * 80}" for i in range(900)]),
        request("/health?" + "a" * 70_000),
        b"GET /health HTTP/1.1\r\nX: " + b"a" * 3_000_000,
    ],
)
async def test_a_large_head_is_refused(large: bytes) -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        connection = await connect(port)
        await asyncio.wait_for(connection.send(large), 5)
        assert_refused(await connection.rest(), 431)


async def test_a_head_of_60_kb_is_served() -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        connection = await connect(port)
        await connection.send(request("/health", "X: " + "a" * 60_000, "Connection: close"))
        assert (await connection.rest()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begin", [b"", b"GET /hea", b"GET /health HTTP/1.1\r\nX: a\r\n", b"\r\n"])
async def test_a_head_has_its_time(begin: bytes) -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        connection, started = await connect(port), time.monotonic()
        await connection.send(begin)
        answer = await connection.rest()
    assert time.monotonic() - started < 2
    if begin.strip():
        assert_refused(answer, 408)
    else:
        assert answer == b""


async def test_a_head_that_drips_has_no_more() -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        connection, started = await connect(port), time.monotonic()
        answer = asyncio.create_task(connection.rest())
        for byte in request("/health", "X: " + "a" * 1_000):
            connection.writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
            if answer.done():
                break
        assert_refused(await answer, 408)
    assert time.monotonic() - started < 2


async def test_a_body_has_its_time() -> None:
    made, sink = gateway()
    async with serving(app_over(made)) as port:
        connection, started = await connect(port), time.monotonic()
        await connection.send(completion()[:-5])
        assert_refused(await connection.rest(), 408)
    assert time.monotonic() - started < 2
    assert sink.events == []


@pytest.mark.parametrize("receive_buffer", [4_096, None])
async def test_a_reader_that_stalls_is_cut(receive_buffer: int | None) -> None:
    endless = Endless()
    async with serving(endless) as port:
        connection = await connect(port, receive_buffer)
        await connection.send(request())
        await asyncio.wait_for(endless.stopped.wait(), 5)
    # What the system has taken, and no more.
    assert endless.sent < 32 * 1024 * 1024


async def test_a_reader_that_reads_is_not_cut() -> None:
    endless = Endless()
    async with serving(endless) as port:
        connection = await connect(port)
        await connection.send(request())
        started, read = time.monotonic(), 0
        while time.monotonic() - started < 1.2:
            read += len(await connection.reader.read(65_536))
            await asyncio.sleep(0.01)
        assert not endless.stopped.is_set()
        connection.writer.transport.abort()
        await asyncio.wait_for(endless.stopped.wait(), 5)
    assert read > 1_000_000


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
async def test_a_caller_that_has_said_all_gets_its_answer(stream: bool, version: bytes) -> None:
    made, sink = gateway()
    async with serving(app_over(made)) as port:
        connection = await connect(port)
        await connection.send(completion(stream=stream).replace(b"HTTP/1.1", version, 1))
        connection.writer.write_eof()
        answer = await connection.rest()
    final = answer.rpartition(b"HTTP/1.1 100 Continue\r\n\r\n")[2]
    assert final.startswith(b"HTTP/1.1 200 ")
    assert b"hello" in final
    assert [event.status for event in sink.events] == [200]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_caller_that_closes_is_gone(stream: bool) -> None:
    async def silent() -> dict[str, object]:
        await asyncio.sleep(60)
        return {}

    async def silent_stream() -> AsyncIterator[dict[str, object]]:
        await asyncio.sleep(60)
        yield {}

    made, sink = gateway({"echo": Scripted(silent_stream if stream else silent)})
    async with serving(app_over(made)) as port:
        connection = await connect(port)
        await connection.send(completion(stream=stream))
        await asyncio.sleep(0.2)
        connection.writer.close()
        started = time.monotonic()
        while not sink.events:
            assert time.monotonic() - started < 2
            await asyncio.sleep(0.02)
    assert [event.status for event in sink.events] == [499]


async def test_connections_are_bounded() -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        open_ones = [await connect(port) for _ in range(Impatient.max_connections)]
        await asyncio.sleep(0.05)
        one_more = await connect(port)
        answer = await one_more.rest()
        assert_refused(answer, 503)
        assert b"\r\nretry-after: 1" in answer
        open_ones[0].writer.close()
        await asyncio.sleep(0.05)
        again = await connect(port)
        await again.send(request("/health", "Connection: close"))
        assert (await again.rest()).startswith(b"HTTP/1.1 200 ")


async def test_requests_one_after_the_other_have_each_their_time() -> None:
    made, _ = gateway()
    async with serving(app_over(made)) as port:
        connection = await connect(port)
        for _ in range(4):
            await connection.send(request())
            head = await connection.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            await connection.reader.readexactly(
                int(head.partition(b"content-length: ")[2].split()[0])
            )
            await asyncio.sleep(0.15)
        await connection.send(request("/health") + b"garbage\r\n\r\n")
        answer = await connection.rest()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1
