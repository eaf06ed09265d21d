"""aiohttp under httpx's interface: half the CPU per call, an import too slow for a cold start.

Not `httpx_aiohttp`: it writes addresses anew, whose signature then is another's, and calls a
connection that was reset a timeout.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from yarl import URL

from controlplane.adapters.aws_http.connections import KEPT_SECONDS, MAX_CONNECTIONS, MakeTransport

PIECE_BYTES = 64 * 1024


def for_a_server(tls: ssl.SSLContext) -> MakeTransport:
    """Transports of a process that serves many requests at a time."""

    def make(keep: bool) -> httpx.AsyncBaseTransport:
        if keep:
            connector = aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS, ssl=tls, keepalive_timeout=KEPT_SECONDS
            )
        else:
            connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ssl=tls, force_close=True)
        return _AiohttpConnections(aiohttp.ClientSession(connector=connector))

    return make


class _AiohttpConnections(httpx.AsyncBaseTransport):
    """Every error of aiohttp is one of httpx, and only a timeout is a timeout."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        patience = request.extensions["timeout"]
        with _errors():
            response = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers,
                data=request.content or None,
                allow_redirects=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(
                    connect=patience["pool"],
                    sock_connect=patience["connect"],
                    sock_read=patience["read"],
                ),
            )
        return httpx.Response(
            response.status, headers=response.raw_headers, stream=_AiohttpBody(response)
        )

    async def aclose(self) -> None:
        await self._session.close()


class _AiohttpBody(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors():
            async for piece in self._response.content.iter_chunked(PIECE_BYTES):
                yield piece

    async def aclose(self) -> None:
        # Closes the connection where there is more to come.
        self._response.release()


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpx.TimeoutException(type(error).__name__) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.NetworkError(type(error).__name__) from error
