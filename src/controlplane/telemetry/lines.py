"""The logger: one JSON object a line on standard output, with the request id."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime

SERVICE = "llm-control-plane"

request_id_var: ContextVar[str | None] = ContextVar("request_id", default=None)

# ASCII alone: a lone surrogate cannot be written, and a log line must never fail.
encode = json.JSONEncoder(separators=(",", ":"), default=str).encode

# What every record has; the rest is what the caller of the logger added.
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """The keys in a fixed order, nulls kept: a line has the same keys wherever it is printed."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "level": record.levelname,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "service": SERVICE,
            "message": record.getMessage() if record.args else record.msg,
            "request_id": request_id_var.get(),
        }
        for name, value in record.__dict__.items():
            if name not in _PLAIN:
                line[name] = value
        return encode(line)


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(LineFormatter())
log = logging.getLogger(SERVICE)
log.addHandler(handler)
log.setLevel(logging.INFO)
log.propagate = False  # Lambda's own handler would print each line a second time


def print_line(line: str) -> None:
    """Print a line where the log's lines go, before the next one of them."""
    handler.stream.write(line + "\n")


@dataclass(slots=True)
class RequestScope:
    """One HTTP request; `observed` once its own line is written."""

    request_id: str
    observed: bool = False


_scope: ContextVar[RequestScope | None] = ContextVar("request_scope", default=None)


def begin_request(request_id: str) -> RequestScope:
    """From here on every line of this context carries the request id."""
    scope = RequestScope(request_id)
    request_id_var.set(request_id)
    _scope.set(scope)
    return scope


def mark_observed(request_id: str) -> None:
    """The request has its line: no other is needed.

    The scope is shared with the tasks that the request started, unlike a value of their context.
    """
    scope = _scope.get()
    if scope is not None and scope.request_id == request_id:
        scope.observed = True


def log_crash(error: BaseException) -> None:
    """Log what broke and where, without the message: it may quote what must not be seen."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    cause = error.__cause__
    log.error(
        "crash",
        extra={
            "error": type(error).__name__,
            "cause": type(cause).__name__ if cause else None,
            "frames": where,
        },
    )
