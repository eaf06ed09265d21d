"""What can go wrong, as one tree. The edge (`api/errors.py`) renders it.

    ControlPlaneError
    ├── ConfigurationError            a setting is missing or wrong; stops the start
    ├── UnknownEvent                  the function was invoked with an event it does not know
    ├── Unreachable                   a store of ours (Redis, PostgreSQL, SQS, ...) did not answer
    │   └── StoreRefused              it answered, and cannot do this with what it holds
    ├── LedgerLost                    Redis has lost what an organisation has spent
    ├── Undelivered                   a notification did not reach its destination
    ├── ProviderError                 one attempt at a provider failed
    │   └── UnsupportedParameter      the provider cannot honour a parameter; it was not called
    └── GatewayError                  an answer to the caller: status, type, code, param, headers
        ├── InvalidRequest            400
        │   ├── SensitiveData         400  pii_detected | secret_detected
        │   ├── ModelNotFound         404
        │   ├── NotFound              404
        │   ├── MethodNotAllowed      405
        │   ├── Conflict              409
        │   ├── PreconditionFailed    412
        │   └── PayloadTooLarge       413
        ├── Unauthenticated           401
        ├── PermissionDenied          403
        ├── RateLimited               429
        │   └── QuotaExceeded         429  insufficient_quota
        ├── ProviderRefused           the provider's own 400, 413 or 422
        ├── ProviderUnavailable       502 | 503 | 504
        ├── Unavailable               503
        └── InternalError             500

The envelope is OpenAI's: https://platform.openai.com/docs/guides/error-codes/api-errors
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

MAX_MESSAGE_LENGTH = 8_000
MAX_WORD_LENGTH = 256


def shown(text: str, most: int) -> str:
    """A text as any caller may see it, in a terminal or a log: printable, on one line, no longer
    than that. Upstreams put anything into theirs."""
    if len(text) <= most and text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text[:most])


class ControlPlaneError(Exception):
    """The root: everything that this package raises on purpose."""


class ConfigurationError(ControlPlaneError):
    """A setting is missing or wrong; the message is one sentence that names it."""


class UnknownEvent(ControlPlaneError):
    """The function was invoked with an event that nothing here handles."""


class Unreachable(ControlPlaneError):
    """A store of ours did not answer in time; `store` names it."""

    def __init__(self, store: str) -> None:
        super().__init__(f"{store} did not answer")
        self.store = store


class StoreRefused(Unreachable):
    """A store of ours answers, and cannot do this: a number that it holds overflows, or is none.

    It is of no use to this request, as if it were away; to others it is.
    """

    def __init__(self, store: str) -> None:
        super().__init__(store)
        self.args = (f"{store} cannot do this with what it holds",)


class Undelivered(ControlPlaneError):
    """A notification did not reach its destination; the message says why, and names no address.

    `final` where its receiver wants no more of them.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class GatewayError(ControlPlaneError):
    """An answer to the caller that is not a success. The message is safe to show."""

    status: int = 500
    type: str = "api_error"
    code: str | None = None

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = shown(message, MAX_MESSAGE_LENGTH)
        self.param = shown(param, MAX_WORD_LENGTH) if param else None
        self.code = shown(code, MAX_WORD_LENGTH) if code else self.code
        self.headers = dict(headers or {})

    def envelope(self) -> dict[str, Any]:
        """OpenAI's error object."""
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
            }
        }


class InvalidRequest(GatewayError):
    """The caller sent something that cannot be done as it stands."""

    status = 400
    type = "invalid_request_error"


class SensitiveData(InvalidRequest):
    """Personal data or a secret was found and the policy says block."""

    CODES: ClassVar[Mapping[str, str]] = {"pii": "pii_detected", "secrets": "secret_detected"}


class ModelNotFound(InvalidRequest):
    """No route of the organisation serves the model."""

    status = 404
    code = "model_not_found"


class NotFound(InvalidRequest):
    """No such path or record, or not one of the caller's organisation."""

    status = 404
    code = "not_found"


class MethodNotAllowed(InvalidRequest):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class Conflict(InvalidRequest):
    """It does not fit what is stored or under way."""

    status = 409
    code = "conflict"


class PreconditionFailed(InvalidRequest):
    """What is stored is not what `If-Match` or `If-None-Match` says (RFC 9110, section 13)."""

    status = 412
    code = "precondition_failed"


class PayloadTooLarge(InvalidRequest):
    """The body is larger than the function accepts."""

    status = 413
    code = "payload_too_large"


class Unauthenticated(GatewayError):
    """No credential, or not a valid one. `reason` is for the log, never for the caller."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"

    def __init__(self, reason: str, problem: str = "") -> None:
        super().__init__(
            f"{problem or 'The API key or token is missing or not valid.'} "
            "Send it as 'Authorization: Bearer <key>'.",
            headers={"WWW-Authenticate": "Bearer"},
        )
        self.reason = reason


class PermissionDenied(GatewayError):
    """The caller is known and may not do this."""

    status = 403
    type = "permission_error"
    code = "permission_denied"


class RateLimited(GatewayError):
    """A limit of the policy is reached; `Retry-After` says when to come back."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class QuotaExceeded(RateLimited):
    """A cost cap is reached; trying again soon does not help, so clients are told not to."""

    type = "insufficient_quota"
    code = "insufficient_quota"

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message, headers={**(headers or {}), "x-should-retry": "false"})


class Unavailable(GatewayError):
    """A part of ours is down and the policy says to refuse."""

    status = 503
    type = "api_error"
    code = "service_unavailable"

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after_seconds)})


class InternalError(GatewayError):
    """A fault of ours. The log has the rest, under the request id."""

    status = 500
    type = "api_error"
    code = "internal_error"


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """A provider's refusal as it came: its own status, and JSON without our key."""

    status: int
    body: bytes = field(repr=False)


class ProviderRefused(GatewayError):
    """The provider refused the request itself; its status, message and code are passed on.

    `answer` is all that it said, where it was asked in the caller's own protocol and words.
    """

    type = "invalid_request_error"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None,
        code: str | None,
        answer: RefusedAnswer | None = None,
    ) -> None:
        super().__init__(message, param=param, code=code)
        self.status = status
        self.answer = answer


class ProviderUnavailable(GatewayError):
    """No target answered: misconfigured or broken (502), exhausted (503), too slow (504)."""

    type = "api_error"

    def __init__(
        self, status: int, message: str, *, code: str, retry_after_seconds: float | None = None
    ) -> None:
        headers = (
            {}
            if retry_after_seconds is None
            else {"Retry-After": str(math.ceil(bounded_wait(retry_after_seconds)))}
        )
        super().__init__(message, code=code, headers=headers)
        self.status = status


def bounded_wait(seconds: float) -> float:
    """Of a wait that a provider asks for, from one second to an hour."""
    return min(max(seconds, 1.0), 3600.0)


class LedgerLost(ControlPlaneError):
    """Redis does not know what this organisation has spent: nothing is admitted under a cap until
    the event `ledger-restore` has counted it anew."""

    def __init__(self, org_id: str) -> None:
        super().__init__(f"the ledger of {org_id} is lost")
        self.org_id = org_id


class ProviderError(ControlPlaneError):
    """One attempt at one provider failed.

    `kind` is connect | timeout | status | protocol | unconfigured; `status` the provider's HTTP
    status, if it gave one. `message`, `param` and `code` are the provider's own words; the caller
    sees them only where the provider refused the request itself.
    """

    REFUSED: ClassVar[frozenset[int]] = frozenset({400, 413, 422})
    MISCONFIGURED: ClassVar[frozenset[int]] = frozenset({401, 402, 403, 404})
    EXHAUSTED: ClassVar[frozenset[int]] = frozenset({429, 503, 529})

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        status: int | None = None,
        param: str | None = None,
        code: str | None = None,
        retry_after_seconds: float | None = None,
        answer: RefusedAnswer | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.answer = answer

    @property
    def refused_request(self) -> bool:
        """The request itself is at fault: another target would say the same."""
        return self.status in self.REFUSED

    @property
    def misconfigured(self) -> bool:
        """Our key, deployment or address is at fault: the target is of no use for this request."""
        return self.status in self.MISCONFIGURED


class UnsupportedParameter(ProviderError):
    """The provider cannot honour a parameter (`n`, or a place: `messages.0.content.1`)."""

    def __init__(self, param: str, kind: str, why: str = "") -> None:
        reason = f": {why}" if why else ""
        super().__init__(
            "unsupported", f"'{param}' is not possible with {kind} models{reason}.", param=param
        )
