"""One streamed response to the Lambda Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

from __future__ import annotations

import asyncio
import base64
import time
from contextlib import suppress
from dataclasses import dataclass

import orjson
from mangum.handlers.utils import handle_multi_value_headers
from starlette.types import Message

from controlplane.api.live import Answered, LiveApp
from controlplane.telemetry import log, log_crash

# API Gateway reads status and headers up to this delimiter, the body after it.
DELIMITER = bytes(8)
END = b"0\r\n\r\n"
INCOMPLETE = "Function.IncompleteResponse"
# Kept back of the function's time when the other side reads so slowly that a piece cannot be sent:
# enough to settle and record. The deadline of dispatch comes before it.
LAST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Invocation:
    """What is answered, and where: `address` is `host:port` of the Runtime API."""

    address: str
    request_id: str
    invocation_id: str | None
    deadline_ms: int

    @property
    def seconds_left(self) -> float:
        """Until Lambda ends the function."""
        return self.deadline_ms / 1000 - time.time()


async def send_answer(app: LiveApp, invocation: Invocation) -> Answered:
    """Answer with what `app` sends, as it sends it. Raises RuntimeError if it sends nothing."""
    response = StreamedResponse(invocation)
    timer = asyncio.get_running_loop().call_later(
        max(0.0, invocation.seconds_left - LAST_SECONDS), response.abandon
    )
    try:
        await app(response.gone, response.send)
    # The entry point: what was sent so far needs its end. This task is not cancelled from outside.
    except (Exception, asyncio.CancelledError) as error:
        log_crash(error)
    finally:
        timer.cancel()
    if response.status is None:
        raise RuntimeError("The app sent no response.")
    await response.end()
    return Answered(statusCode=response.status)


class StreamedResponse:
    """Takes ASGI messages; each piece of the body is on its way when `send` returns."""

    def __init__(self, invocation: Invocation) -> None:
        self.status: int | None = None
        self._invocation = invocation
        self._complete = False
        self._broken = False
        self._abandoned = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._answer: asyncio.Task[bytes] | None = None

    async def gone(self) -> None:
        """Returns when the response has to be given up."""
        await self._abandoned.wait()

    def abandon(self) -> None:
        """Tell the app to give up; what it has to say is still sent, if anyone takes it."""
        self._abandoned.set()

    async def send(self, message: Message) -> None:
        """ASGI's `send`; does nothing once the connection is broken."""
        if self._broken:
            await asyncio.sleep(0)  # a sender without a pause gets to hear of it
            return
        try:
            if message["type"] == "http.response.start":
                self.status = message["status"]
                await self._start(message)
            elif message["type"] == "http.response.body":
                last = not message.get("more_body", False)
                await self._write(_chunk(message.get("body", b"")) + (END if last else b""))
                self._complete = last
        except OSError:
            self._break()

    async def end(self) -> None:
        """Wait until it is taken; what is not complete ends with an error, or by hanging up."""
        if self._writer is None or self._answer is None:
            return
        try:
            if not self._hang_up:
                if not self._complete:
                    await self._write(_trailers())
                await self._answer
        except OSError:
            self._break()
        finally:
            self._answer.cancel()
            await self._close(self._writer)

    @property
    def _hang_up(self) -> bool:
        return self._broken or (self._abandoned.is_set() and not self._complete)

    def _break(self) -> None:
        self._broken = True
        self.abandon()

    async def _start(self, message: Message) -> None:
        host, _, port = self._invocation.address.rpartition(":")
        reader, self._writer = await asyncio.open_connection(host, int(port))
        self._answer = asyncio.create_task(reader.readline())
        self._answer.add_done_callback(self._answered)
        await self._write(_request_head(self._invocation) + _chunk(_prelude(message)))

    def _answered(self, answer: asyncio.Task[bytes]) -> None:
        # "202 Accepted" may come early; any other answer, and a closed connection, is a farewell.
        line = b"" if answer.cancelled() or answer.exception() else answer.result()
        if line.split(b" ", 2)[1:2] == [b"202"]:
            return
        if line:
            log.error("runtime_refused", extra={"answer": line.decode("latin-1").strip()})
        self._break()

    async def _write(self, data: bytes) -> None:
        assert self._writer is not None
        if data:
            self._writer.write(data)
            await self._writer.drain()

    async def _close(self, writer: asyncio.StreamWriter) -> None:
        if self._hang_up:
            writer.transport.abort()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _request_head(invocation: Invocation) -> bytes:
    lines = [
        f"POST /2018-06-01/runtime/invocation/{invocation.request_id}/response HTTP/1.1",
        f"Host: {invocation.address}",
        "Content-Type: application/vnd.awslambda.http-integration-response",
        "Lambda-Runtime-Function-Response-Mode: streaming",
        "Transfer-Encoding: chunked",
        "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    ]
    if invocation.invocation_id:
        lines.append(f"Lambda-Runtime-Invocation-Id: {invocation.invocation_id}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _prelude(message: Message) -> bytes:
    headers, several = handle_multi_value_headers(message.get("headers", []))
    prelude = {"statusCode": message["status"], "headers": headers, "multiValueHeaders": several}
    return orjson.dumps(prelude) + DELIMITER


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""


def _trailers() -> bytes:
    error = {"errorType": INCOMPLETE, "errorMessage": "The response broke off."}
    return (
        b"0\r\nLambda-Runtime-Function-Error-Type: %b\r\n"
        b"Lambda-Runtime-Function-Error-Body: %b\r\n\r\n"
        % (INCOMPLETE.encode(), base64.b64encode(orjson.dumps(error)))
    )
