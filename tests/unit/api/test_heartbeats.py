"""A caller hears something while nothing is there yet, and it is no answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from starlette.types import Receive, Send
from tests.unit.api.test_app import BODY, app_over
from tests.unit.gateway.parts import KEY, Scripted, completion, gateway
from tests.unit.gateway.test_dispatch import chunk, streaming
from tests.virtual_time import in_virtual_time

from controlplane.api.live import LIVE, Gone
from controlplane.domain.audit import AuditEvent
from controlplane.domain.routing import Target
from controlplane.errors import ProviderError
from controlplane.lambda_stream.response import Invocation, send_answer
from controlplane.protocols.messages.protocol import PROTOCOL as MESSAGES

BEAT = b": keep-alive\n\n"
A, B = Target("a", "m-a"), Target("b", "m-b")
STREAMED = BODY | {"stream": True}
MINUTES = 310.0


@dataclass
class Connection:
    """A caller's side of one request: what came, and when."""

    body: dict[str, Any] = field(default_factory=lambda: STREAMED)
    path: str = "/v1/chat/completions"
    send_seconds: float = 0.0
    status: int | None = None
    pieces: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=lambda: [0.0])
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message.get("body"):
            self.take(message["body"])
            await asyncio.sleep(self.send_seconds)

    def take(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.times.append(asyncio.get_running_loop().time())

    @property
    def said(self) -> list[bytes]:
        """What came but for heartbeats."""
        return [piece for piece in self.pieces if piece != BEAT]

    @property
    def longest_silence(self) -> float:
        return max(b - a for a, b in pairwise(self.times))


class RuntimeApi:
    """Takes one streamed response, as Lambda's Runtime API does."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        prelude = await self._chunk(reader)
        self._connection.status = orjson.loads(prelude.partition(b"\0")[0])["statusCode"]
        while piece := await self._chunk(reader):
            self._connection.take(piece)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def _chunk(self, reader: asyncio.StreamReader) -> bytes:
        size = int(await reader.readline(), 16)
        return (await reader.readexactly(size + 2))[:-2]


async def ask(
    connection: Connection, *, in_lambda: bool = False, **providers: Scripted
) -> list[AuditEvent]:
    """One request over a gateway with these providers; the audit events."""
    targets = tuple(target for target in (A, B) if target.provider in providers)
    made, sink = gateway(providers, targets=targets)
    app = app_over(made)
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": connection.path,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {KEY}".encode())],
    }
    if not in_lambda:
        await app(scope, receiver(connection, connection.gone.wait), connection.send)
        return sink.events
    left = SimpleNamespace(get_remaining_time_in_millis=lambda: MINUTES * 1000)
    scope |= {LIVE: True, "aws.context": left}
    async with await asyncio.start_server(RuntimeApi(connection), "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        deadline = int((time.time() + MINUTES) * 1000)

        async def live_app(gone: Gone, send: Send) -> None:
            await app(scope, receiver(connection, gone), send)

        await send_answer(live_app, Invocation(address, "r", None, deadline))
    return sink.events


def receiver(connection: Connection, gone: Gone) -> Receive:
    """ASGI's `receive`: the request, and then that the caller is gone."""
    messages = [{"type": "http.request", "body": orjson.dumps(connection.body)}]

    async def receive() -> MutableMapping[str, Any]:
        if messages:
            return messages.pop()
        await gone()
        return {"type": "http.disconnect"}

    return receive


ANSWER = (chunk("one"), chunk("two", "stop"))


@pytest.mark.parametrize("seconds", [28.0, 120.0, 290.0])
@pytest.mark.parametrize("upstream", ["silent", "pings"])
@pytest.mark.parametrize("before", [0, 1], ids=["before the first byte", "in the middle"])
@pytest.mark.parametrize("in_lambda", [False, True], ids=["server", "runtime client"])
def test_one_call_heartbeats_and_the_answer(
    seconds: float, upstream: str, before: int, in_lambda: bool
) -> None:
    wait: list[Any] = [seconds] if upstream == "silent" else [seconds / 10, {}] * 10
    a = Scripted(streaming(*ANSWER[:before], *wait, *ANSWER[before:]))
    b = Scripted(streaming(chunk("b", "stop")))
    connection = Connection()
    (event,) = in_virtual_time(ask(connection, in_lambda=in_lambda, a=a, b=b))
    assert (len(a.requests), len(b.requests)) == (1, 0)
    assert connection.status == 200
    assert connection.pieces.count(BEAT) >= (seconds - 1) // 15
    assert connection.longest_silence < 20
    assert [orjson.loads(piece[6:]) for piece in connection.said[:-1]] == list(ANSWER)
    assert connection.said[-1] == b"data: [DONE]\n\n"
    assert (event.status, len(event.attempts)) == (200, 1)


@pytest.mark.parametrize("in_lambda", [False, True], ids=["server", "runtime client"])
def test_silence_for_longer_than_the_idle_time_is_a_failure(in_lambda: bool) -> None:
    a = Scripted(streaming(chunk("one"), 400.0))
    connection = Connection()
    (event,) = in_virtual_time(ask(connection, in_lambda=in_lambda, a=a))
    assert orjson.loads(connection.said[-1][6:])["error"]["code"] == "stream_interrupted"
    assert (event.status, event.attempts[-1].failure) == (504, "cut")
    assert connection.times[-1] == pytest.approx(300, abs=1)


def test_a_heartbeat_is_no_answer_and_the_next_target_is_called() -> None:
    a = Scripted(streaming(40.0, ProviderError("status", "busy", status=529)))
    b = Scripted(streaming(*ANSWER))
    connection = Connection()
    (event,) = in_virtual_time(ask(connection, a=a, b=b))
    assert connection.pieces[0] == BEAT
    assert connection.said[-1] == b"data: [DONE]\n\n"
    assert [attempt.provider for attempt in event.attempts] == ["a", "b"]


def test_an_error_behind_a_heartbeat_is_an_event() -> None:
    failing = streaming(40.0, ProviderError("status", "key", status=401))
    connection = Connection()
    (event,) = in_virtual_time(ask(connection, a=Scripted(failing)))
    assert connection.status == 200
    (error,) = connection.said
    assert orjson.loads(error[6:])["error"]["code"] == "provider_misconfigured"
    assert (event.status, event.code) == (502, "provider_misconfigured")


PING = b'event: ping\ndata: {"type": "ping"}\n\n'
MESSAGE = (
    {
        "type": "message_start",
        "message": {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
)


@pytest.mark.parametrize("before", [0, 1, 2])
def test_messages_have_pings(before: int) -> None:
    a = Scripted(streaming(*MESSAGE[:before], 100.0, *MESSAGE[before:]))
    connection = Connection(STREAMED | {"max_tokens": 9}, "/v1/messages")
    (event,) = in_virtual_time(ask(connection, a=a))
    assert connection.pieces.count(PING) >= 6
    assert connection.longest_silence < 20
    said = [piece for piece in connection.pieces if piece != PING]
    assert said == [MESSAGES.frame(each) for each in MESSAGE]
    assert (event.status, event.tokens_output, event.usage_estimated) == (200, 2, False)


def test_an_error_behind_a_ping_is_an_event_with_the_id() -> None:
    failing = streaming(40.0, ProviderError("status", "key", status=401))
    connection = Connection(STREAMED | {"max_tokens": 9}, "/v1/messages")
    (event,) = in_virtual_time(ask(connection, a=Scripted(failing)))
    name, data = connection.pieces[-1].strip().split(b"\n")
    assert name == b"event: error"
    assert orjson.loads(data[6:])["request_id"] == event.request_id


def test_an_error_before_the_first_heartbeat_has_its_status() -> None:
    failing = streaming(ProviderError("status", "key", status=401))
    connection = Connection()
    _ = in_virtual_time(ask(connection, a=Scripted(failing)))
    assert connection.status == 502


def test_a_whole_answer_has_no_heartbeats() -> None:
    async def slow() -> Any:
        await asyncio.sleep(60.0)
        return completion("late")

    connection = Connection(body=BODY)
    _ = in_virtual_time(ask(connection, a=Scripted(slow)))
    assert connection.status == 200
    (body,) = connection.pieces
    assert orjson.loads(body)["choices"][0]["message"]["content"] == "late"


@pytest.mark.parametrize("before", [0, 1], ids=["before the first byte", "in the middle"])
def test_a_caller_who_leaves_between_two_heartbeats_ends_the_call(before: int) -> None:
    a = Scripted(streaming(*ANSWER[:before], 200.0, *ANSWER[before:]))
    connection = Connection()

    async def leave() -> list[AuditEvent]:
        asking = asyncio.create_task(ask(connection, a=a))
        await asyncio.sleep(40)
        connection.gone.set()
        return await asking

    (event,) = in_virtual_time(leave())
    assert connection.pieces.count(BEAT) == 2
    assert (event.status, event.code) == (499, "client_closed_request")
    assert a.closed == 1
    assert event.usage_estimated


def test_no_heartbeat_waits_behind_a_piece_that_is_not_taken() -> None:
    connection = Connection(send_seconds=50.0)
    in_virtual_time(ask(connection, a=Scripted(streaming(*ANSWER))))
    assert BEAT not in connection.pieces
