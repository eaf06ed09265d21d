"""What every HTTP request needs: a request id, one access log line, an answer even to a crash."""

from __future__ import annotations

import time
import uuid
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controlplane.api.answer_headers import fit_headers
from controlplane.api.errors import error_response
from controlplane.api.spoken import spoken
from controlplane.domain.memory import Memory, full
from controlplane.errors import InternalError
from controlplane.telemetry import begin_request, flush, log, log_crash

PIECE_BYTES = 256 * 1024


class RequestMiddleware:
    """Plain ASGI: no task, no copy of the body, no buffering of streams."""

    def __init__(self, app: ASGIApp, memory: Memory) -> None:
        self.app = app
        self.memory = memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = f"req_{uuid.uuid4().hex}"
        scope.setdefault("state", {})["request_id"] = request_id
        line = begin_request(request_id)
        started = time.perf_counter()
        status: int | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                names = spoken(scope).request_id_headers
                message["headers"] = [
                    *fit_headers(message["headers"]),
                    *((name.encode(), request_id.encode()) for name in names),
                ]
            body = message.get("body", b"")
            # Piece by piece: what a slow reader leaves is still this request's.
            *before, last = range(0, max(len(body), 1), PIECE_BYTES)
            for start in before:
                piece = body[start : start + PIECE_BYTES]
                await send({"type": message["type"], "body": piece, "more_body": True})
            await send({**message, "body": body[last:]} if before else message)

        try:
            with self.memory.share():
                # Health is asked most when there is no room.
                refused = not self.memory.may_begin and not scope["path"].startswith("/health")
                app = error_response(full(), scope) if refused else self.app
                await app(scope, receive, send_with_id)
        except Exception as error:  # the entry point: a crash must not end in silence
            log_crash(error)
            if status is None:
                failure = InternalError(f"The gateway failed. Give {request_id} to its operator.")
                await error_response(failure, scope)(scope, receive, send_with_id)
        finally:
            if not line.observed:
                log.info("request", extra=_access(scope, status, time.perf_counter() - started))
            await flush()


def _access(scope: Scope, status: int | None, seconds: float) -> dict[str, Any]:
    return {
        "method": scope["method"],
        # The template: what stands in its places may be anything, a mistyped key even.
        "path": getattr(scope.get("route"), "path", "unknown"),
        "status": status,
        "latency_ms": round(seconds * 1000, 1),
    }
