"""Lambda's Invoke API over a function worker.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from controlplane.local.worker import FunctionWorker

PREFIX = "/2015-03-31/"
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_INVOCATIONS = re.compile(r"\A/2015-03-31/functions/(?P<name>[^/]+)/invocations\Z")
# A name, `account:function:name` or a whole ARN, each with an optional `:$LATEST`.
_NAME = re.compile(
    r"\A(?:arn:aws:lambda:[a-z0-9-]+:)?(?:\d{12}:function:)?(?P<name>[\w-]+)(?::\$LATEST)?\Z"
)


class _InvokeError(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


@contextmanager
def serve(worker: FunctionWorker, host: str, port: int) -> Iterator[None]:
    """Serve the API in threads of its own while the context lasts."""

    class Handler(_InvokeHandler):
        function = worker

    with ThreadingHTTPServer((host, port), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, name="lambda-api", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class _InvokeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    function: ClassVar[FunctionWorker]

    def do_GET(self) -> None:
        """Only `/health`, which tells that this server is up."""
        if self.path == "/health":
            self._answer(200, b'{"status":"ok"}')
        else:
            self._refuse(_InvokeError(404, "ResourceNotFoundException", "There is nothing here."))

    def do_POST(self) -> None:
        """Invoke."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._check_address()
            event = _event(raw)
            invocation = self.headers.get("X-Amz-Invocation-Type") or "RequestResponse"
            match invocation:
                case "RequestResponse":
                    self._invoke(event)
                case "Event":
                    self.function.submit(event)
                    self._answer(202, b"")
                case "DryRun":
                    self._answer(204, b"")
                case _:
                    raise _InvokeError(
                        400,
                        "InvalidParameterValueException",
                        "X-Amz-Invocation-Type must be RequestResponse, Event or DryRun.",
                    )
        except _InvokeError as error:
            self._refuse(error)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the function logs what matters."""

    def _check_address(self) -> None:
        parts = urlsplit(self.path)
        match = _INVOCATIONS.match(parts.path)
        if match is None:
            raise _InvokeError(404, "ResourceNotFoundException", "There is no such operation here.")
        asked = unquote(match["name"])
        name = _NAME.match(asked)
        qualifier = parse_qs(parts.query).get("Qualifier", ["$LATEST"])[0]
        if name is None or name["name"] != "llm-cp" or qualifier != "$LATEST":
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:{asked}"
            if qualifier != "$LATEST":
                arn = f"{arn}:{qualifier}"
            raise _InvokeError(404, "ResourceNotFoundException", f"Function not found: {arn}")

    def _invoke(self, event: Any) -> None:
        outcome = self.function.submit(event).result()
        headers = {"X-Amz-Executed-Version": "$LATEST", "x-amzn-RequestId": outcome.request_id}
        if outcome.failed:
            headers["X-Amz-Function-Error"] = "Unhandled"
        self._answer(200, outcome.payload, headers)

    def _refuse(self, error: _InvokeError) -> None:
        body = json.dumps({"Type": "User", "Message": str(error)}).encode()
        self._answer(error.status, body, {"x-amzn-ErrorType": error.kind})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        own = {"x-amzn-RequestId": str(uuid.uuid4()), "Content-Type": "application/json"}
        for name, value in {**own, **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _event(raw: bytes) -> Any:
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise _InvokeError(
            413,
            "RequestTooLargeException",
            f"Request must be smaller than {MAX_PAYLOAD_BYTES} bytes for the InvokeFunction "
            "operation",
        )
    try:
        return json.loads(raw or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _InvokeError(
            400,
            "InvalidRequestContentException",
            "Could not parse request body into json: the payload is not valid JSON.",
        ) from None


def _no_constant(name: str) -> None:
    raise ValueError(name)
