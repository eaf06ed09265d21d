"""HTTP/1.1 as the long-lived server speaks it: uvicorn's, with bounds for what it leaves open.

Callers that send or read too little or too much are cut, each within its time, and whatever was
begun for them is ended and settled as for one who left.
"""

from __future__ import annotations

import asyncio
import contextvars
import socket
import uuid
from contextlib import suppress
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from controlplane.api.errors import error_response
from controlplane.api.spoken import spoken
from controlplane.errors import GatewayError, InvalidRequest, Unavailable
from controlplane.telemetry import begin_request, log

MAX_HEAD_BYTES = 64 * 1024
PROBE_SECONDS = (0.05, 1.0)
_PROBE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    max_connections = 1_000
    head_seconds = 10.0
    body_seconds = 30.0
    # How long a reader may take nothing, or less than 48 KB.
    stall_seconds = 30.0
    # For a refusal to be read by a caller that is still sending.
    linger_seconds = 2.0

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], **more: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **more)
        self.url = b""
        self._refusal: GatewayError | None = None
        self._deaf = self._in_head = False
        self._head_bytes = 0
        self._late: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A place among the connections, or a refusal."""
        super().connection_made(transport)
        _bound_unread(transport, self.stall_seconds)
        if len(self.connections) > self.max_connections:
            self.connections.discard(self)
            self._refuse(Unavailable("The gateway has too many connections. Try again."))
        else:
            self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._wait(None)
        self._watch_reader(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse it, while the head has a size that a head may have."""
        if self._deaf:
            return
        if self._late is None and not self._is_busy:
            self._wait(self.head_seconds)
        before = self._head_bytes
        super().data_received(data)
        if self._in_head and not self._deaf:
            self._head_bytes = before + len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(_too_large())

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._wait(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there; the body has its own time."""
        self._in_head = False
        self._wait(self.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is there."""
        self._wait(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say in our words what is wrong with a request that is none."""
        self._refuse(self._refusal or _refusal(400, "The request is not valid HTTP/1.1.", None))

    def pause_writing(self) -> None:
        """The reader does not keep up."""
        super().pause_writing()
        self._watch_reader(self.stall_seconds)

    def resume_writing(self) -> None:
        """It does again."""
        self._watch_reader(None)
        super().resume_writing()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the connection for a caller that has said all and still listens."""
        if self._deaf or not self._is_busy or self.cycle.more_body:
            return None
        self.cycle.keep_alive = False
        # A caller that is gone refuses it, and one that listens passes it over (RFC 9110, 15.2).
        if not self.cycle.response_started and self.cycle.scope["http_version"] == "1.1":
            self.transport.write(_PROBE)
        self._look_for(PROBE_SECONDS[0])
        return True

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _look_for(self, seconds: float) -> None:
        """End what is done for a caller that turns out to be gone."""
        self.loop.call_later(seconds, self._look, min(seconds * 2, PROBE_SECONDS[1]))

    def _look(self, next_seconds: float) -> None:
        if self.transport.is_closing():
            return
        end = self.transport.get_extra_info("socket")
        if end is None or end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.transport.abort()
        else:
            self._look_for(next_seconds)

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refusal = _too_large()
            raise ValueError("the head is too large")

    def _wait(self, seconds: float | None) -> None:
        if self._late is not None:
            self._late.cancel()
        self._late = None if seconds is None else self.loop.call_later(seconds, self._is_late)

    def _is_late(self) -> None:
        self._late = None
        if self._in_head or (self._is_busy and self.cycle.more_body):
            self._refuse(_refusal(408, "The request did not arrive in time.", "request_timeout"))
        elif not self._is_busy:
            self.transport.close()

    def _watch_reader(self, seconds: float | None) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
        self._stalled = None
        if seconds is not None:
            self._stalled = self.loop.call_later(seconds, self.transport.abort)

    def _refuse(self, error: GatewayError) -> None:
        """Answer with an error, and listen no more; never in the middle of another answer."""
        if self._deaf:
            return
        self._deaf = True
        self._wait(None)
        cycle = self.cycle
        if self._is_busy and (cycle.response_started or not cycle.more_body):
            cycle.keep_alive = False
            return
        if self._is_busy:
            cycle.disconnected = True
            cycle.message_event.set()
        self.flow.resume_reading()
        self.transport.write(self._answer(error))
        # What is still on its way would make the system take the answer back.
        with suppress(OSError, RuntimeError):
            self.transport.write_eof()
        self.loop.call_later(self.linger_seconds, self.transport.abort)

    def _answer(self, error: GatewayError) -> bytes:
        request_id = f"req_{uuid.uuid4().hex}"
        path = self.url.partition(b"?")[0].decode("latin-1")
        scope = {"type": "http", "path": path, "headers": [], "state": {"request_id": request_id}}
        response = error_response(error, scope)
        contextvars.copy_context().run(_log, request_id, response.status_code)
        names = spoken(scope).request_id_headers
        lines = [
            *(b"%b: %b\r\n" % header for header in response.raw_headers),
            *(f"{name}: {request_id}\r\n".encode() for name in names),
            b"connection: close\r\n\r\n",
        ]
        return STATUS_LINE[response.status_code] + b"".join(lines) + bytes(response.body)


def _log(request_id: str, status: int) -> None:
    begin_request(request_id)
    log.info("request", extra={"method": None, "path": "unknown", "status": status})


def _refusal(status: int, message: str, code: str | None) -> InvalidRequest:
    error = InvalidRequest(message, code=code)
    error.status = status
    return error


def _too_large() -> InvalidRequest:
    return _refusal(431, f"The headers are larger than {MAX_HEAD_BYTES:,} bytes.", "headers_large")


def _bound_unread(transport: asyncio.Transport, seconds: float) -> None:
    """The system has a buffer too, which a stalled reader leaves full."""
    end = transport.get_extra_info("socket")
    if end is not None and end.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
