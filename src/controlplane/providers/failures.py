"""What a failed attempt says, whatever the provider: HTTP statuses, bodies and transport errors."""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Mapping
from datetime import UTC

import httpx
import orjson

from controlplane.errors import ProviderError, RefusedAnswer, bounded_wait
from controlplane.providers.error_bodies import ErrorBody, error_of, read_error
from controlplane.providers.kind import Failures
from controlplane.providers.meanings import STATUSES, meaning_of
from controlplane.providers.own_key import body_without_key, without_key

MAX_MESSAGE_LENGTH = 2_000
MAX_READ_LENGTH = 20_000
MAX_REFUSAL_BYTES = 64 * 1024


def failure_of_response(
    response: httpx.Response,
    body: bytes,
    failures: Failures,
    api_key: str,
    *,
    keeps_refusals: bool = False,
) -> ProviderError:
    """The error of an answer that is not a 200; never with our key in it.

    Where refusals are kept, one in JSON has its answer.
    """
    status = failures.statuses.get(response.status_code, response.status_code)
    error = read_error(body, response.headers.get("content-type", ""))
    failure = _failure(error, status, failures, api_key, retry_after(response.headers))
    if keeps_refusals and failure.refused_request and _is_object(body):
        failure.answer = RefusedAnswer(response.status_code, body_without_key(body, api_key))
    return failure


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(orjson.loads(body), dict)
    except orjson.JSONDecodeError:
        return False


def failure_of_event(
    event: Mapping[str, object], failures: Failures, api_key: str
) -> ProviderError:
    """The error of an event inside a stream, or of a success whose body is one.

    The status is the one that its code, or else its type, stands for; 500 where it has none.
    """
    error = error_of(event)
    names = [name for name in (error.code, error.type) if name]
    known = [
        status
        for name in names
        if (status := failures.statuses.get(name) or STATUSES.get(name.lower()))
    ]
    said = failures.statuses.get(error.status, error.status) if error.status else None
    status = said or (known[0] if known else 500)
    return _failure(error, status, failures, api_key)


def failure_of_transport(error: httpx.RequestError) -> ProviderError:
    """The error of a call that got no answer, or lost it on the way."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return ProviderError("connect", "no connection to the provider")
    if isinstance(error, httpx.TimeoutException):
        return ProviderError("timeout", "no answer in time")
    return ProviderError("protocol", "the connection to the provider broke off")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: `retry-after-ms`, or `Retry-After` in its two forms (RFC 9110, 10.2.3).

    From one second to an hour, whatever a server says; None where it says nothing.
    """
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = headers.get(name)
        if value and (seconds := _seconds(value)) is not None:
            return bounded_wait(seconds / unit)
    return None


def _seconds(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return _seconds_until(value)
    return None if math.isnan(number) else number


def _seconds_until(date: str) -> float | None:
    try:
        at = email.utils.parsedate_to_datetime(date)
        # A date of HTTP is in UTC, also in the forms that say no zone (RFC 9110, 5.6.7).
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _failure(
    error: ErrorBody,
    status: int,
    failures: Failures,
    api_key: str,
    wait: float | None = None,
) -> ProviderError:
    code = error.type if failures.code_is_type else error.code
    code = failures.codes.get(code, code) if code is not None else None
    if (meaning := meaning_of(error, status)) is not None:
        code = meaning.code
        if meaning.ours or status not in ProviderError.REFUSED:
            status = meaning.status
    # Cut afterwards: half a key is one too.
    message = error.message or f"The provider answered {status}."
    return ProviderError(
        "status",
        without_key(message[:MAX_READ_LENGTH], api_key)[:MAX_MESSAGE_LENGTH],
        status=status,
        param=error.param and without_key(error.param[:MAX_READ_LENGTH], api_key),
        code=code and without_key(code[:MAX_READ_LENGTH], api_key),
        retry_after_seconds=wait,
    )
