"""What a failed attempt says, whatever the provider: HTTP statuses, bodies and transport errors."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from datetime import UTC

import httpx
import orjson

from controlplane.errors import ProviderError

MAX_MESSAGE_LENGTH = 2_000

# https://platform.claude.com/docs/en/api/errors
ANTHROPIC_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
# Anthropic has no code of its own for a prompt that does not fit; OpenAI's clients look for theirs.
_TOO_LONG = ("prompt is too long", "exceed context limit")


def failure_of_response(response: httpx.Response, body: bytes, api_key: str) -> ProviderError:
    """The error of an answer that is not a 200; never with our key in its message."""
    return _failure(_object(body), response.status_code, api_key, retry_after(response.headers))


def failure_of_event(event: Mapping[str, object], api_key: str) -> ProviderError:
    """The error of an `error` event of Anthropic's; the status is the one its type stands for."""
    error = event.get("error")
    kind = error.get("type") if isinstance(error, Mapping) else None
    return _failure({"type": "error", **event}, ANTHROPIC_STATUSES.get(str(kind), 500), api_key)


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
    body: Mapping[str, object], status: int, api_key: str, wait: float | None = None
) -> ProviderError:
    error = body.get("error")
    detail: Mapping[str, object] = error if isinstance(error, Mapping) else {}
    message = _text(detail.get("message")) or f"The provider answered {status}."
    code = _text(detail.get("code"))
    if body.get("type") == "error":
        too_long = status == 400 and any(words in message for words in _TOO_LONG)
        code = "context_length_exceeded" if too_long else _text(detail.get("type"))
    return ProviderError(
        "status",
        message.replace(api_key, "[key]")[:MAX_MESSAGE_LENGTH],
        status=status,
        param=_text(detail.get("param")),
        code=code,
        retry_after_seconds=wait,
    )


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
