"""What a load balancer and the scaling of the service ask of one process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from controlplane.api.app import create_app
from controlplane.telemetry import gauge, log
from controlplane.wiring import container

SERVING_PATH = "/health/serving"
GAUGE_SECONDS = 20.0

Check = Callable[[], Awaitable[Mapping[str, str]]]


class Serving:
    """The application, and `GET /health/serving`: whether this process may have requests.

    It may from the moment at which every store has answered it once. After that a store that is
    down takes no process out of service: all of them share it, and new ones would fare no better.
    `/health/ready` says how the stores are.
    """

    def __init__(self, app: ASGIApp, check: Check) -> None:
        self._app = app
        self._check = check
        self._has_started = False
        self._open = 0
        self._gauge: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == SERVING_PATH:
            await self._say(send)
        else:
            self._open += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._open -= 1

    async def _say(self, send: Send) -> None:
        if self._gauge is None:
            self._gauge = asyncio.create_task(self._report())
        waiting = [] if self._has_started else await self._down()
        self._has_started = not waiting
        body = {"status": "starting", "waiting_for": waiting} if waiting else {"status": "ok"}
        raw = orjson.dumps(body)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(raw)),
        ]
        status = 503 if waiting else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": raw})

    async def _down(self) -> list[str]:
        states = await self._check()
        down = sorted(name for name, state in states.items() if state != "ok")
        if not down:
            log.info("serving")
        return down

    async def _report(self) -> None:
        """The metric that the service scales on, by its average over all processes."""
        while True:
            gauge("open_requests", self._open)
            await asyncio.sleep(GAUGE_SECONDS)


def create() -> Serving:
    """The application of one process. Raises ConfigurationError."""
    return Serving(create_app(), partial(container().readiness.check, wake=True))
