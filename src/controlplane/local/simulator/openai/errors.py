"""The errors of OpenAI, word for word. https://platform.openai.com/docs/guides/error-codes"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.local.simulator.wire import Headers, Refusal

_OVERLOADED = "That model is currently overloaded with other requests. Please try again later."
_SERVER = "The server had an error while processing your request. Sorry about that!"

CONTEXT_FULL = (
    "Your input exceeds the context window of this model. Please adjust your input and try again."
)
QUOTA_USED_UP = "You exceeded your current quota, please check your plan and billing details."

# status: message, type, code
_ERRORS: Mapping[int, tuple[str, str, str | None]] = {
    400: ("Invalid request (simulated).", "invalid_request_error", "invalid_value"),
    401: (
        "Incorrect API key provided. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        "invalid_request_error",
        "invalid_api_key",
    ),
    403: (
        "Country, region, or territory not supported",
        "request_forbidden",
        "unsupported_country_region_territory",
    ),
    404: (
        "The model `{model}` does not exist or you do not have access to it.",
        "invalid_request_error",
        "model_not_found",
    ),
    408: ("Request timed out.", "server_error", "timeout"),
    413: ("The request is too large.", "invalid_request_error", "request_too_large"),
    422: ("Unprocessable request (simulated).", "invalid_request_error", None),
    429: (
        "Rate limit reached for {model} in organization org-simulator on requests per min (RPM): "
        "Limit 10000, Used 10000, Requested 1. Please try again later.",
        "requests",
        "rate_limit_exceeded",
    ),
    500: (_SERVER, "server_error", None),
    503: (_OVERLOADED, "server_error", None),
    529: ("Overloaded", "overloaded_error", None),
}


def error_for(status: int, model: str) -> Refusal:
    """The answer for a status; any that OpenAI does not name reads as a server error."""
    message, kind, code = _ERRORS.get(status, (_SERVER, "server_error", None))
    param = {400: "messages", 404: None}.get(status)
    body = envelope(message.format(model=model), kind, param, code)
    return Refusal(status, body, exhausted_headers(status))


def exhausted_headers(status: int) -> Headers:
    """What a 429 says beside its body."""
    return ((b"x-ratelimit-remaining-requests", b"0"),) if status == 429 else ()


def envelope(message: str, kind: str, param: str | None, code: str | None) -> dict[str, Any]:
    """OpenAI's error object."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def invalid(
    message: str, *, param: str | None = None, code: str | None = None, status: int = 400
) -> Refusal:
    """An `invalid_request_error`."""
    return Refusal(status, envelope(message, "invalid_request_error", param, code))


def exhausted_account() -> Refusal:
    """A 429 that no waiting helps."""
    kind = "insufficient_quota"
    return Refusal(429, envelope(QUOTA_USED_UP, kind, None, kind))


def too_long() -> Refusal:
    """The context is full."""
    return invalid(CONTEXT_FULL, param="messages", code="context_length_exceeded")
