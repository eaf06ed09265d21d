"""The function as Lambda runs it: one invocation at a time, always on the same thread."""

from __future__ import annotations

import json
import time
import traceback
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib import import_module
from queue import SimpleQueue
from typing import Any

from controlplane.telemetry import log_crash

FUNCTION_NAME = "llm-cp"
FUNCTION_ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION_NAME}"
HANDLER = "controlplane.lambda_handler.handler"
# As long as Lambda allows; a local migration should not fail on time.
TIMEOUT_SECONDS = 900.0

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class LambdaContext:
    """What Lambda hands to a handler. https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    aws_request_id: str
    function_name: str = FUNCTION_NAME
    function_version: str = "$LATEST"
    invoked_function_arn: str = FUNCTION_ARN
    memory_limit_in_mb: str = "1024"
    log_group_name: str = f"/aws/lambda/{FUNCTION_NAME}"
    log_stream_name: str = "local/[$LATEST]"
    identity: None = None
    client_context: None = None
    deadline: float = field(default_factory=lambda: time.monotonic() + TIMEOUT_SECONDS)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the invocation."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an invocation came to. `payload` is JSON; of the error, where `failed`."""

    request_id: str
    payload: bytes
    failed: bool


class FunctionWorker:
    """Runs a handler on the thread that calls `run`; `submit` may be called from any other."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._jobs: SimpleQueue[tuple[Any, Future[Outcome]] | None] = SimpleQueue()

    def submit(self, event: Any) -> Future[Outcome]:
        """Invoke with `event`, after those that were submitted before."""
        future: Future[Outcome] = Future()
        self._jobs.put((event, future))
        return future

    def run(self) -> None:
        """Work until `stop`; what was submitted before is done first."""
        while (job := self._jobs.get()) is not None:
            event, future = job
            future.set_result(self._invoke(event))

    def stop(self) -> None:
        """Let `run` return. A signal handler may call it."""
        self._jobs.put(None)

    def _invoke(self, event: Any) -> Outcome:
        request_id = str(uuid.uuid4())
        try:
            result = self._handler(event, LambdaContext(request_id))
        except Exception as error:
            log_crash(error)
            return _failure(request_id, type(error).__name__, str(error), error)
        try:
            payload = json.dumps(result, ensure_ascii=False).encode()
        except (TypeError, ValueError) as error:
            message = f"Unable to marshal response: {error}"
            return _failure(request_id, "Runtime.MarshalError", message, None)
        return Outcome(request_id, payload, failed=False)


def _failure(request_id: str, kind: str, message: str, error: Exception | None) -> Outcome:
    """The error object of Lambda's Python runtime."""
    # The first frame is this file's.
    frames = traceback.extract_tb(error.__traceback__)[1:] if error else []
    body = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }
    return Outcome(request_id, json.dumps(body).encode(), failed=True)


def load_handler(path: str) -> Handler:
    """`package.module.function`, as Lambda's handler setting names it."""
    module, _, name = path.rpartition(".")
    handler: Handler = getattr(import_module(module), name)
    return handler
