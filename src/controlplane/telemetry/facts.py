"""What telemetry wants to know of a finished request. The audit event has all of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

SCREENED = frozenset({"pii_detected", "secret_detected"})
_CODE = re.compile(r"\A[a-z][a-z0-9_]{0,63}\Z")


class AttemptFacts(Protocol):
    """One call to a provider; `failure` is its kind, None for an answer."""

    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def latency_ms(self) -> int: ...
    @property
    def status(self) -> int | None: ...
    @property
    def failure(self) -> str | None: ...


class RequestFacts(Protocol):
    """Times in UTC, durations in ms, cost in micro-dollars; None for what is not known."""

    @property
    def request_id(self) -> str: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def org_id(self) -> str: ...
    @property
    def application_id(self) -> str | None: ...
    @property
    def operation(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def code(self) -> str | None: ...
    @property
    def model_requested(self) -> str | None: ...
    @property
    def model_served(self) -> str | None: ...
    @property
    def provider(self) -> str | None: ...
    @property
    def attempts(self) -> Sequence[AttemptFacts]: ...
    @property
    def tokens_input(self) -> int: ...
    @property
    def tokens_output(self) -> int: ...
    @property
    def tokens_cached(self) -> int: ...
    @property
    def cost_microusd(self) -> int | None: ...
    @property
    def latency_ms(self) -> int: ...
    @property
    def overhead_ms(self) -> int: ...


def cost_usd(event: RequestFacts) -> float | None:
    """What the request cost in US dollars; None where no price is known."""
    return None if event.cost_microusd is None else event.cost_microusd / 1_000_000


def asked_model(event: RequestFacts) -> str | None:
    """The model that the caller named; None where screening found something in the request."""
    return None if event.code in SCREENED else event.model_requested


def error_code(event: RequestFacts) -> str | None:
    """The code of the error; None where a provider put words of its own in its place."""
    return event.code if event.code is not None and _CODE.match(event.code) else None
