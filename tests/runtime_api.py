"""A small Lambda Runtime API, and a function under the real runtime client (`awslambdaric`).

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
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

from tests.streamed import Streamed, read_streamed

PREFIX = "/2018-06-01/runtime/"


@dataclass
class Outcome:
    """What the function answered; `error` says that it raised."""

    payload: Any
    error: bool
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Function:
    """A process of the function. Events go in one at a time, as in Lambda."""

    process: subprocess.Popen[bytes]
    log_path: Path
    started: float
    events: queue.Queue[tuple[str, bytes]] = field(default_factory=queue.Queue)
    outcomes: queue.Queue[Outcome | Streamed] = field(default_factory=queue.Queue)
    ready: threading.Event = field(default_factory=threading.Event)
    restored: threading.Event = field(default_factory=threading.Event)
    deadline_seconds: float = 30.0
    trace_id: str | None = None
    # How many pieces of a stream are taken before the test asks for one; 0: all.
    backlog: int = 0
    # What a stream is answered with before it is read; without it, 202 at its end.
    early_status: int | None = None

    def invoke(self, event: Any, *, timeout: float = 30.0) -> Outcome:
        """Send one event and wait for the whole of what comes back."""
        outcome = self._send(event, timeout)
        assert isinstance(outcome, Outcome), "the answer came in streaming form"
        return outcome

    def stream(self, event: Any, *, timeout: float = 30.0) -> Streamed:
        """Send one event and wait for the status and headers of a streamed answer."""
        outcome = self._send(event, timeout)
        assert isinstance(outcome, Streamed), f"the answer came whole: {outcome}"
        return outcome

    def _send(self, event: Any, timeout: float) -> Outcome | Streamed:
        self.events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        return self.outcome(timeout)

    def outcome(self, timeout: float = 30.0) -> Outcome | Streamed:
        """What the function says next; it says why its init failed without being asked."""
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
    handler: str,
    env: Mapping[str, str],
    log_path: Path,
    *,
    python_path: str,
    wrapper: Path | None = None,
) -> Iterator[Function]:
    """Start `handler` (`package.module.function`) under the runtime client.

    A `wrapper` gets the command line of Lambda's runtime, as AWS_LAMBDA_EXEC_WRAPPER does, and
    `python_path` as the folder of the function's code.
    """
    command = [sys.executable, "-m", "awslambdaric", handler]
    search = {"PYTHONPATH": python_path, "LAMBDA_TASK_ROOT": os.getcwd()}
    if wrapper:
        command = [str(wrapper), sys.executable, "/var/runtime/bootstrap.py"]
        search = {"LAMBDA_TASK_ROOT": python_path, "LAMBDA_RUNTIME_DIR": "/var/runtime"}
    server = _Server(("127.0.0.1", 0), _Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with log_path.open("wb") as log:
        function = Function(
            process=subprocess.Popen(
                command,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": os.environ.get("HOME", "/tmp"),
                    "_HANDLER": handler,
                    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
                    "AWS_LAMBDA_FUNCTION_NAME": "llm-cp",
                    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
                    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/llm-cp",
                    "AWS_LAMBDA_LOG_STREAM_NAME": "local",
                    **search,
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
        if self.path == f"{PREFIX}restore/next":
            function.restored.set()
            self._reply(200)
            return
        function.ready.set()
        request_id, body = function.events.get()
        deadline = int((time.time() + function.deadline_seconds) * 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": (
                "arn:aws:lambda:us-east-1:123456789012:function:llm-cp"
            ),
            "Content-Type": "application/json",
        }
        if function.trace_id:
            headers["Lambda-Runtime-Trace-Id"] = function.trace_id
        self._reply(200, headers, body)

    def do_POST(self) -> None:
        if self.headers.get("Lambda-Runtime-Function-Response-Mode") == "streaming":
            if self.function.early_status:
                self._reply(self.function.early_status)
            streamed = Streamed(self.connection, dict(self.headers), self.function.backlog)
            complete = read_streamed(self.rfile, streamed, self.function.outcomes.put)
            self.close_connection = True
            if complete and not self.function.early_status:
                self._reply(202)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        kind = self.path.removeprefix(PREFIX).rpartition("/")[2]
        payload = json.loads(body) if body else None
        outcome = Outcome(payload, error=kind == "error", headers=dict(self.headers))
        self.function.outcomes.put(outcome)
        self._reply(202)

    def _reply(
        self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the function's own log is what matters."""
