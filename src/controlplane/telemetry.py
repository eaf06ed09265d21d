"""One JSON line per event on standard output, with the request id; never text of a caller."""

from __future__ import annotations

import logging
import traceback
from contextvars import ContextVar
from typing import Any

from aws_lambda_powertools.logging import Logger

request_id_var: ContextVar[str | None] = ContextVar("request_id", default=None)


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id_var.get()
        return True


log = Logger(service="llm-control-plane", location=None, utc=True, use_rfc3339=True)
log.addFilter(_RequestId())


def count(metric: str, value: int = 1, **dimensions: Any) -> None:
    """Count something that an operator watches (`auth_failed`, `redis_degraded`, ...)."""
    log.info(metric, extra={"metric": metric, "value": value, **dimensions})


def log_crash(error: BaseException) -> None:
    """Log what broke and where, without the message: it may quote what nobody must see."""
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
