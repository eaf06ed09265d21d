"""The transport of a long-lived server: aiohttp behind httpx, with httpx's errors.

`httpx-aiohttp` lets some of aiohttp's errors through, and takes others for lost connections.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

# httpx takes as much.
MAX_HEADER_BYTES = 64 * 1024


class AiohttpOverHttpx(httpx.AsyncBaseTransport):
    """Whatever goes wrong is an `httpx.RequestError`, as with httpx's own transport."""

    def __init__(self, limits: httpx.Limits, tls: ssl.SSLContext) -> None:
        self._limits = limits
        self._inner = AiohttpTransport(verify=tls, limits=limits, client=self._session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its content still to be read."""
        with _httpx_errors():
            response: httpx.Response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Content(response.stream)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limits.max_connections or 0,
                keepalive_timeout=self._limits.keepalive_expiry,
                ssl=self._inner.ssl_context,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )


class _Content(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _httpx_errors():
            async for piece in self._inner:
                yield piece

    async def aclose(self) -> None:
        with _httpx_errors():
            await self._inner.aclose()


@contextmanager
def _httpx_errors() -> Iterator[None]:
    try:
        yield
    except httpx.RequestError as error:
        # Its words for a connection that broke and for one that was never there are the same.
        raise _of(error.__cause__ or error)(str(error)) from error.__cause__
    except aiohttp.ClientError as error:
        raise _of(error)(str(error)) from error
    except (ValueError, UnicodeError) as error:
        # A header that cannot be sent, or a status line that is none.
        raise httpx.RemoteProtocolError("not HTTP") from error


def _of(error: BaseException) -> type[httpx.RequestError]:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx.ConnectTimeout
    if isinstance(error, aiohttp.ServerTimeoutError):
        return httpx.ReadTimeout
    if isinstance(error, aiohttp.ClientConnectorError):
        return httpx.ConnectError
    if isinstance(error, aiohttp.ClientOSError):
        return httpx.ReadError
    if isinstance(error, httpx.RequestError):
        return type(error)
    return httpx.RemoteProtocolError
