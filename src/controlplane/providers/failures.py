"""What a failed attempt says, whatever the provider: HTTP statuses, bodies and transport errors."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping

import httpx
import orjson

from controlplane.errors import ProviderError

MAX_MESSAGE_LENGTH = 2_000


def failure_of_response(response: httpx.Response, body: bytes, api_key: str) -> ProviderError:
    """The error of an answer that is not a 200; never with our key in its message."""
    detail = _error_object(body)
    message = detail.get("message")
    if not isinstance(message, str):
        message = f"The provider answered {response.status_code}."
    return ProviderError(
        "status",
        message.replace(api_key, "[key]")[:MAX_MESSAGE_LENGTH],
        status=response.status_code,
        param=_text(detail.get("param")),
        code=_text(detail.get("code")),
        retry_after_seconds=retry_after(response.headers),
    )


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
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _error_object(body: bytes) -> Mapping[str, object]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
