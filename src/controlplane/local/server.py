"""The gateway on this machine: `python -m controlplane.local.server --port 8080`.

The application as it is, under uvicorn; and Lambda's Invoke API, passed on to the function worker.
Any number of them may run over the same stores, each with the environment of `.local/gateway.env`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from controlplane.api.app import create_app
from controlplane.errors import ConfigurationError
from controlplane.local.children import exit_with_parent
from controlplane.local.cors import CorsRules, WithCors
from controlplane.local.http_protocol import BoundedProtocol
from controlplane.local.lambda_api import MAX_PAYLOAD_BYTES, PREFIX

# Migrations may take their time; the function worker bounds them.
INVOCATION_SECONDS = 900.0
_HOP_BY_HOP = frozenset({b"connection", b"transfer-encoding", b"date", b"server"})


class WithInvocations:
    """Passes `/2015-03-31/...` on to the function worker, everything else to the application."""

    def __init__(self, application: ASGIApp, function_url: str) -> None:
        self._application = application
        self._function_url = function_url
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._forward(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = await _body(receive)
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=INVOCATION_SECONDS, trust_env=False)
        path = scope["raw_path"].decode("ascii")
        query = scope["query_string"].decode("ascii")
        headers = [item for item in scope["headers"] if item[0].startswith(b"x-amz-")]
        try:
            answer = await self._client.request(
                scope["method"],
                f"{self._function_url}{path}{'?' if query else ''}{query}",
                headers=headers,
                content=raw,
            )
            status, body = answer.status_code, answer.content
            own = [item for item in answer.headers.raw if item[0].lower() not in _HOP_BY_HOP]
        except httpx.RequestError:
            status = 502
            message = {"Type": "Service", "Message": "The function worker does not answer."}
            body = json.dumps(message).encode()
            own = [
                (b"content-type", b"application/json"),
                (b"x-amzn-errortype", b"ServiceException"),
                (b"content-length", b"%d" % len(body)),
            ]
        await send({"type": "http.response.start", "status": status, "headers": own})
        await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        # What is beyond the limit is read and thrown away; the worker refuses by the length.
        if len(body) <= MAX_PAYLOAD_BYTES:
            body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def main() -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished first."""
    parser = argparse.ArgumentParser(prog="python -m controlplane.local.server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--function-url", help="where the function worker listens")
    parser.add_argument(
        "--cors", type=Path, help="a file like infra/sandbox-llm-cp/cors.json; none allows no page"
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when standard input is closed"
    )
    arguments = parser.parse_args()
    if arguments.exit_with_parent:
        exit_with_parent()
    try:
        application: ASGIApp = create_app()
    except ConfigurationError as error:
        parser.exit(1, f"{error}\n")
    if arguments.cors:
        application = WithCors(application, CorsRules.read(arguments.cors))
    if arguments.function_url:
        application = WithInvocations(application, arguments.function_url.rstrip("/"))
    uvicorn.run(application, host=arguments.host, port=arguments.port, **server_settings())


def server_settings() -> dict[str, Any]:
    """How uvicorn is to serve."""
    return {
        "http": BoundedProtocol,
        "ws": "none",
        "access_log": False,
        "log_level": "warning",
        "proxy_headers": False,
        "server_header": False,
        "timeout_keep_alive": 75,
        "timeout_graceful_shutdown": 4,
    }


if __name__ == "__main__":
    main()
