"""What a failed attempt says, whatever the provider: HTTP statuses, bodies and transport errors."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from datetime import UTC

import httpx
import orjson

from controlplane.errors import ProviderError
from controlplane.providers.kind import Failures

MAX_MESSAGE_LENGTH = 2_000
# What OpenAI's codes stand for where no status is said with them.
STATUSES_INSIDE: Mapping[str, int] = {
    "context_length_exceeded": 400,
    "content_filter": 400,
    "content_policy_violation": 400,
    "invalid_prompt": 400,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
}


def failure_of_response(
    response: httpx.Response, body: bytes, failures: Failures, api_key: str
) -> ProviderError:
    """The error of an answer that is not a 200; never with our key in its message."""
    status = failures.statuses.get(response.status_code, response.status_code)
    detail = _detail(_object(body), failures)
    return _failure(detail, status, failures, api_key, retry_after(response.headers))


def failure_of_event(
    event: Mapping[str, object], failures: Failures, api_key: str
) -> ProviderError:
    """The error inside a success, streamed or whole; its code is a status or stands for one."""
    detail = _detail(event, failures)
    return _failure(detail, _status_inside(detail, failures), failures, api_key)


def _status_inside(detail: Mapping[str, object], failures: Failures) -> int:
    for name in ("status", "status_code", "code"):
        said = str(detail.get(name))
        if said.isdigit() and len(said) == 3 and said >= "400":
            return failures.statuses.get(int(said), int(said))
    code = _text(detail.get(failures.code)) or ""
    return failures.statuses.get(code, STATUSES_INSIDE.get(code, 500))


def failure_of_transport(error: httpx.RequestError) -> ProviderError:
    """The error of a call that got no answer, or lost it on the way."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ProviderError("connect", "no connection to the provider")
    if isinstance(error, httpx.TimeoutException):
        return ProviderError("timeout", "no answer in time")
    return ProviderError("protocol", "the connection to the provider broke off")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: `retry-after-ms`, or `Retry-After` in its two forms (RFC 9110, 10.2.3)."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        value = headers.get("retry-after")
        if not value:
            return None
        if value.strip().replace(".", "", 1).isdigit():
            return float(value)
        at = email.utils.parsedate_to_datetime(value)
        # A date of HTTP is in UTC, also in the forms that say no zone (RFC 9110, 5.6.7).
        return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _failure(
    detail: Mapping[str, object],
    status: int,
    failures: Failures,
    api_key: str,
    wait: float | None = None,
) -> ProviderError:
    message = _text(detail.get("message")) or f"The provider answered {status}."
    code = _text(detail.get(failures.code))
    code = failures.codes.get(code, code) if code is not None else None
    if status == 400:
        said = (code for words, code in failures.phrases.items() if words in message)
        code = next(said, code)
    return ProviderError(
        "status",
        message.replace(api_key, "[key]")[:MAX_MESSAGE_LENGTH],
        status=status,
        param=_text(detail.get("param")),
        code=code,
        retry_after_seconds=wait,
    )


def _detail(body: Mapping[str, object], failures: Failures) -> Mapping[str, object]:
    error = body if failures.member is None else body.get(failures.member)
    return error if isinstance(error, Mapping) else {}


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
