"""HTTP connections to AWS.

They are not those to the providers: an upstream that hangs fills a pool, and the record of that
request must not wait behind it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import httpx

MAX_CONNECTIONS = 64
# AWS closes what is idle after some 20 s or more: of two ends that close, we should be first.
KEPT_SECONDS = 15.0

# Makes a transport; True: its connections are kept for the next request.
MakeTransport = Callable[[bool], httpx.AsyncBaseTransport]


@dataclass(frozen=True, slots=True)
class _OfOneLoop:
    loop: asyncio.AbstractEventLoop
    kept: httpx.AsyncBaseTransport
    fresh: httpx.AsyncBaseTransport


class Connections:
    """Connections belong to an event loop: another one gets its own."""

    def __init__(self, make: MakeTransport) -> None:
        self._make = make
        self._opened: _OfOneLoop | None = None

    @property
    def kept(self) -> httpx.AsyncBaseTransport:
        """For first tries."""
        return self._here().kept

    @property
    def fresh(self) -> httpx.AsyncBaseTransport:
        """For second tries: a function that was frozen may find all kept connections dead."""
        return self._here().fresh

    async def close(self) -> None:
        """Close them all."""
        opened, self._opened = self._opened, None
        if opened is not None and opened.loop is asyncio.get_running_loop():
            await opened.kept.aclose()
            await opened.fresh.aclose()

    def _here(self) -> _OfOneLoop:
        loop = asyncio.get_running_loop()
        if self._opened is None or self._opened.loop is not loop:
            self._opened = _OfOneLoop(loop, self._make(True), self._make(False))
        return self._opened


def for_a_function(tls: ssl.SSLContext) -> MakeTransport:
    """httpx's own transport: quick to import."""

    def make(keep: bool) -> httpx.AsyncBaseTransport:
        limits = httpx.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS if keep else 0,
            keepalive_expiry=KEPT_SECONDS,
        )
        return httpx.AsyncHTTPTransport(verify=tls, limits=limits)

    return make
