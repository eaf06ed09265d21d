"""A small Lambda Runtime API, and a function under the real runtime client (`awslambdaric`).

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PREFIX = "/2018-06-01/runtime/"


@dataclass
class Outcome:
    """What the function answered; `error` says that it raised."""

    payload: Any
    error: bool


@dataclass
class Function:
    """A process of the function. Events go in one at a time, as in Lambda."""

    process: subprocess.Popen[bytes]
    log_path: Path
    started: float
    events: queue.Queue[tuple[str, bytes]] = field(default_factory=queue.Queue)
    outcomes: queue.Queue[Outcome] = field(default_factory=queue.Queue)
    ready: threading.Event = field(default_factory=threading.Event)
    deadline_seconds: float = 30.0

    def invoke(self, event: Any, *, timeout: float = 30.0) -> Outcome:
        """Send one event and wait for what comes back."""
        self.events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        try:
            return self.outcomes.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no answer; the function's log:\n{self.log()}") from None

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Wait until the function has asked for its first event: its init is over."""
        assert self.ready.wait(timeout), self.log()

    def log(self) -> str:
        """What the function printed."""
        return self.log_path.read_text("utf-8", errors="replace")

    def cpu_seconds(self) -> float:
        """User and system time of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    handler: str, env: Mapping[str, str], log_path: Path, *, python_path: str
) -> Iterator[Function]:
    """Start `handler` (`package.module.function`) under the runtime client."""
    server = _Server(("127.0.0.1", 0), _Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with log_path.open("wb") as log:
        function = Function(
            process=subprocess.Popen(
                [sys.executable, "-m", "awslambdaric", handler],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": os.environ.get("HOME", "/tmp"),
                    "PYTHONPATH": python_path,
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
                    "AWS_LAMBDA_FUNCTION_NAME": "llm-cp",
                    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
                    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/llm-cp",
                    "AWS_LAMBDA_LOG_STREAM_NAME": "local",
                    "LAMBDA_TASK_ROOT": os.getcwd(),
                    **env,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            ),
            log_path=log_path,
            started=time.monotonic(),
        )
    server.function = function  # type: ignore[attr-defined]
    try:
        yield function
    finally:
        function.process.terminate()
        function.process.wait(10)
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that is ended hangs up while it waits for its next event."""


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def function(self) -> Function:
        while not hasattr(self.server, "function"):
            time.sleep(0.001)
        found: Function = self.server.function
        return found

    def do_GET(self) -> None:
        function = self.function
        function.ready.set()
        request_id, body = function.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        deadline = int((time.time() + function.deadline_seconds) * 1000)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        arn = "arn:aws:lambda:us-east-1:123456789012:function:llm-cp"
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        kind = self.path.removeprefix(PREFIX).rpartition("/")[2]
        payload = json.loads(body) if body else None
        self.function.outcomes.put(Outcome(payload, error=kind == "error"))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the function's own log is what matters."""
