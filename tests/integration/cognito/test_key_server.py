"""The key set against a real server: redirects, floods of bytes, silence, drips, no server."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from tests.integration.cognito.conftest import KeyServer, send
from tests.unit.adapters.cognito.issuer import key_set, public_jwk

from controlplane.adapters.cognito.joserfc_key import JoserfcKey
from controlplane.adapters.cognito.jwks import FETCH_TIMEOUT_SECONDS, KeySet
from controlplane.errors import Unavailable

GOOD = key_set(public_jwk("kid-1"))


def keys_of(server: KeyServer, client: httpx.AsyncClient) -> KeySet:
    return KeySet(f"{server.url}/jwks.json", lambda: client, JoserfcKey)


async def test_a_published_key(key_server: KeyServer, client: httpx.AsyncClient) -> None:
    key_server.publish(GOOD)
    assert await keys_of(key_server, client).key("kid-1")
    assert key_server.paths == ["/jwks.json"]


async def test_a_redirect_is_not_followed(key_server: KeyServer, client: httpx.AsyncClient) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/jwks.json":
            send(handler, b"", 302, {"Location": f"{key_server.url}/elsewhere.json"})
        else:
            send(handler, GOOD)

    key_server.answer = answer
    with pytest.raises(Unavailable):
        await keys_of(key_server, client).key("kid-1")
    assert key_server.paths == ["/jwks.json"]


def endless(handler: BaseHTTPRequestHandler) -> None:
    """A body without length that does not end by itself."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100_000):
            handler.wfile.write(b" " * 65_536)
    except ConnectionError:
        pass


def silent(_: BaseHTTPRequestHandler) -> None:
    time.sleep(FETCH_TIMEOUT_SECONDS + 1)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """One byte at a time, each well inside any timeout between two reads."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for byte in GOOD:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.2)
    except ConnectionError:
        pass


def compressed(handler: BaseHTTPRequestHandler) -> None:
    """Small on the wire, 30 MB when unpacked."""
    bomb = gzip.compress(b" " * 30_000_000)
    send(handler, bomb, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("answer", [endless, silent, dripping, compressed])
async def test_a_bad_answer_costs_little_and_counts_as_down(
    answer: Callable[[BaseHTTPRequestHandler], None],
    key_server: KeyServer,
    client: httpx.AsyncClient,
) -> None:
    key_server.answer = answer
    started = time.monotonic()
    with pytest.raises(Unavailable):
        await keys_of(key_server, client).key("kid-1")
    assert time.monotonic() - started < FETCH_TIMEOUT_SECONDS + 1


async def test_no_server_at_all(key_server: KeyServer, client: httpx.AsyncClient) -> None:
    keys = KeySet("http://127.0.0.1:9/jwks.json", lambda: client, JoserfcKey)
    with pytest.raises(Unavailable):
        await keys.key("kid-1")
