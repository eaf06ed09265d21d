"""aiohttp under httpx's interface: half the CPU per call, an import too slow for a cold start."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from controlplane.adapters.aws_http.connections import KEPT_SECONDS, MAX_CONNECTIONS, MakeTransport


def for_a_server(tls: ssl.SSLContext) -> MakeTransport:
    """Transports of a process that serves many requests at a time."""

    def make(keep: bool) -> httpx.AsyncBaseTransport:
        def session() -> aiohttp.ClientSession:
            if keep:
                connector = aiohttp.TCPConnector(
                    limit=MAX_CONNECTIONS, ssl=tls, keepalive_timeout=KEPT_SECONDS
                )
            else:
                connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ssl=tls, force_close=True)
            return aiohttp.ClientSession(connector=connector)

        return _Transport(verify=tls, client=session)

    return make


class _Transport(AiohttpTransport):
    """Every error of aiohttp is one of httpx, and only a timeout is a timeout."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _errors():
            response = await super().handle_async_request(request)
        response.stream = _Stream(response.stream)
        return response


class _Stream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        assert isinstance(stream, httpx.AsyncByteStream)
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors():
            async for piece in self._stream:
                yield piece

    async def aclose(self) -> None:
        with _errors():
            await self._stream.aclose()


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        # httpx_aiohttp says so of connections that were reset, too.
        if isinstance(error.__cause__, TimeoutError):
            raise
        raise httpx.NetworkError(type(error.__cause__).__name__) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.NetworkError(type(error).__name__) from error
