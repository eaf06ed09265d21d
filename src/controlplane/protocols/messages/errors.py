"""An error of ours in the shape that Anthropic's clients read.

https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.errors import GatewayError, QuotaExceeded

_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# A status of Anthropic's own: clients wait longer, or turn to another model.
_OVERLOADED = 529


def status_of(error: GatewayError) -> int:
    """The status under which clients look for it."""
    return _OVERLOADED if error.code == "provider_overloaded" else error.status


def error_body(error: GatewayError, request_id: str) -> dict[str, Any]:
    """`code` and `param` are ours and stand beside, where there are any."""
    said: dict[str, Any] = {"type": _type(error), "message": error.message}
    if error.code is not None:
        said["code"] = error.code
    if error.param is not None:
        said["param"] = error.param
    return {"type": "error", "error": said, "request_id": request_id}


def _type(error: GatewayError) -> str:
    if isinstance(error, QuotaExceeded):
        return "billing_error"
    status = status_of(error)
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
