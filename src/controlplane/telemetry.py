"""One JSON line per event on standard output, with the request id; never text of a caller."""

from __future__ import annotations

import logging
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
