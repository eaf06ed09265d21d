"""A real HTTP server for key sets, which can also misbehave."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from controlplane.config import CognitoSettings

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class KeyServer:
    """What is served under any path, and which paths were asked for."""

    url: str
    answer: Answer
    paths: list[str] = field(default_factory=list)

    @property
    def settings(self) -> CognitoSettings:
        """A user pool whose keys are here."""
        clients = frozenset({"client-1"})
        return CognitoSettings("https://issuer.example", f"{self.url}/jwks.json", clients)

    def publish(self, document: bytes) -> None:
        """Serve `document` from now on."""
        self.answer = lambda handler: send(handler, document)


def send(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> None:
    """One whole response."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.paths.append(self.path)
            served.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served = KeyServer(f"http://127.0.0.1:{server.server_port}", lambda handler: send(handler, b""))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    # A client that follows redirects by itself: the key set must not.
    async with httpx.AsyncClient(follow_redirects=True, timeout=30) as http:
        yield http
