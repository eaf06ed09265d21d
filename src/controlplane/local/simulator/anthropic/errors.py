"""The errors of Anthropic. https://docs.claude.com/en/api/errors"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.local.simulator.wire import Headers, Refusal

# status: type, message
_ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("invalid_request_error", "messages: invalid request (simulated)"),
    401: ("authentication_error", "invalid x-api-key"),
    402: (
        "billing_error",
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits.",
    ),
    403: ("permission_error", "Your API key does not have permission to use {model}."),
    404: ("not_found_error", "model: {model}"),
    408: ("timeout_error", "Request timed out"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    422: ("invalid_request_error", "Unprocessable request (simulated)"),
    429: (
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 50 requests per minute. "
        "For details, refer to: https://docs.claude.com/en/api/rate-limits.",
    ),
    500: ("api_error", "Internal server error"),
    502: ("api_error", "Bad gateway"),
    503: ("api_error", "Service unavailable"),
    504: ("timeout_error", "Request timed out"),
    529: ("overloaded_error", "Overloaded"),
}


def error_for(status: int, model: str) -> Refusal:
    """The answer for a status; any that Anthropic does not name reads as a fault of its own."""
    kind, message = _ERRORS.get(status, _ERRORS[500])
    headers: Headers = ((b"x-should-retry", b"true"),) if status in (429, 529) else ()
    if status == 429:
        headers += ((b"anthropic-ratelimit-requests-remaining", b"0"),)
    return Refusal(status, envelope(kind, message.format(model=model)), headers)


def envelope(kind: str, message: str) -> dict[str, Any]:
    """Anthropic's error object, without the id of the request."""
    return {"type": "error", "error": {"type": kind, "message": message}}


def invalid(message: str) -> Refusal:
    """An `invalid_request_error`; the message begins with the place."""
    return Refusal(400, envelope("invalid_request_error", message))


def exhausted_account() -> Refusal:
    """A 400 that is no fault of the request: so Anthropic says that nothing is left to spend."""
    return invalid(_ERRORS[402][1])


def too_long() -> Refusal:
    """The context is full."""
    return invalid("prompt is too long: 200523 tokens > 200000 maximum")
