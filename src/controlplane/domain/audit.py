"""The audit event: one per authenticated request. It never holds text of a prompt or an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from controlplane.domain.budget import Charge
from controlplane.domain.price import Price
from controlplane.domain.usage import Usage

SCHEMA_VERSION = 1
# Together they say that the outcome of a request is unknown: its process did not tell it in time.
# No request that has an outcome ends so.
HOLD_EXPIRED, HOLD_EXPIRED_STATUS = "hold_expired", 500
# Ten of them are one call of SQS, which takes 256 KiB by default.
MAX_EVENT_BYTES = 25_000
_MAX_TEXT_OF_LARGE, _MAX_ITEMS_OF_LARGE = 64, 8


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to one target: how long it took, why it failed if it did, and which parameters
    were left out of what it was sent."""

    provider: str
    model: str
    latency_ms: int
    status: int | None = None
    failure: str | None = None
    ignored_params: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Attempt:
        """Read what the event holds; what a newer writer added is left out. Raises TypeError."""
        known = {name: value for name, value in row.items() if name in cls.__slots__}
        return cls(**known | {"ignored_params": tuple(row.get("ignored_params", ()))})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the rare member stands there where it says something."""
        row = {name: getattr(self, name) for name in _ATTEMPT_FIELDS}
        if not self.ignored_params:
            del row["ignored_params"]
        return row


# `asdict` copies deeply, which takes ten times as long.
_ATTEMPT_FIELDS = tuple(f.name for f in fields(Attempt))


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """What happened to one request. Times in UTC, durations in ms, cost in micro-dollars.

    `cost_microusd` is None where what was used has no known price. `screening` counts findings by
    kind. `usage` has the line items that the cost was made of, of which the `tokens_` are those
    that are summed up; None where nothing was used, and in events that older code wrote. `price`
    is what they were charged by: the two give `cost_microusd` again, but for a cost that `usage`
    says is estimated.
    `usage_estimated` marks tokens that no provider reported (a stream that was cut, a caller who
    left). `overhead_ms` is our own time: the latency without the waiting for providers.

    `session_id`, `agent_id` and `tags` are the caller's own words for what the request belongs to.

    `admitted_at` is the ledger's clock at admission: the day and month that are charged. `shadow`
    names what policies on trial would have refused. `replayed` marks a stored answer that was given
    again, `payload_key` where S3 holds the texts (where the policy keeps them). `unsettled` is a
    hold that the ledger could not be told about: the event's consumer settles it. `charges` are the
    cost caps (`Charge.to_dict`) by which it decides whether a warning is due; like `unsettled` they
    are no part of the record.
    """

    request_id: str
    occurred_at: datetime
    org_id: str
    subject: str
    role: str
    status: int
    application_id: str | None = None
    end_user: str | None = None
    session_id: str | None = None
    agent_id: str | None = None
    tags: tuple[str, ...] = ()
    operation: str = "chat.completions"
    stream: bool = False
    model_requested: str | None = None
    model_served: str | None = None
    provider: str | None = None
    code: str | None = None
    attempts: tuple[Attempt, ...] = ()
    tokens_input: int = 0
    tokens_output: int = 0
    tokens_cached: int = 0
    tokens_reasoning: int = 0
    cost_microusd: int | None = None
    usage: Usage | None = None
    price: Price | None = None
    usage_estimated: bool = False
    latency_ms: int = 0
    overhead_ms: int = 0
    screening: Mapping[str, int] = field(default_factory=dict)
    policy_version: str | None = None
    degraded: bool = False
    admitted_at: datetime | None = None
    shadow: tuple[str, ...] = ()
    replayed: bool = False
    payload_key: str | None = None
    unsettled: Mapping[str, Any] | None = None
    charges: tuple[Mapping[str, Any], ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def used(self) -> Usage:
        """The line items, as far as the event has them."""
        if self.usage is not None:
            return self.usage
        return Usage(
            self.tokens_input, self.tokens_output, self.tokens_cached, self.tokens_reasoning
        )

    @property
    def is_unpriced(self) -> bool:
        """True where something was used and its cost is not known."""
        used = self.used
        is_unknown = self.cost_microusd is None or "cost" in used.estimated
        return is_unknown and used.is_counted and not self.replayed

    @property
    def is_outcome_unknown(self) -> bool:
        """True where only the end of a lease is known; the request may have had any outcome."""
        return self.code == HOLD_EXPIRED and self.status == HOLD_EXPIRED_STATUS

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the shape of the SQS message and of a line in S3."""
        admitted = self.admitted_at
        document = {name: getattr(self, name) for name in _FIELDS} | {
            "attempts": tuple(attempt.to_dict() for attempt in self.attempts),
            "occurred_at": self.occurred_at.astimezone(UTC).isoformat(),
            "admitted_at": admitted and admitted.astimezone(UTC).isoformat(),
            "screening": dict(self.screening),
            "usage": self.usage and self.usage.to_dict(),
            "price": self.price and self.price.to_dict(),
        }
        if self.unsettled is None:
            del document["unsettled"]
        if not self.charges:
            del document["charges"]
        return document

    def to_json(self) -> str:
        """One line of ASCII (SQS refuses some characters that JSON allows unescaped), of
        MAX_EVENT_BYTES at most.

        In one that would be larger all texts are short and all lists, what it charges and what is
        to be settled included: then `ledger-reconcile` sees what the ledger was not told.
        """
        document = self.to_dict()
        line = _encode(document)
        if len(line) > MAX_EVENT_BYTES:
            document |= {"charges": (), "unsettled": None, "price": None}
            line = _encode(
                {
                    name: value if name in _KEPT else _short(value)
                    for name, value in document.items()
                }
            )
        return line

    @classmethod
    def from_json(cls, text: str) -> AuditEvent:
        """Read what `to_json` wrote. Fields that a newer writer added are left out.

        Raises ValueError where the text is not such an event.
        """
        try:
            raw = json.loads(text)
            known = {name: raw[name] for name in _FIELDS if name in raw}
            known["occurred_at"] = datetime.fromisoformat(raw["occurred_at"])
            if raw.get("admitted_at") is not None:
                known["admitted_at"] = datetime.fromisoformat(raw["admitted_at"])
            known["shadow"] = tuple(raw.get("shadow", ()))
            known["charges"] = tuple(Charge.checked(each) for each in raw.get("charges", ()))
            known["tags"] = tuple(raw.get("tags", ()))
            if raw.get("usage") is not None:
                known["usage"] = Usage.from_dict(raw["usage"])
            if raw.get("price") is not None:
                known["price"] = Price.from_dict(raw["price"])
            known["attempts"] = tuple(Attempt.from_dict(row) for row in raw.get("attempts", ()))
            if not isinstance(known["request_id"], str) or not isinstance(known["org_id"], str):
                raise TypeError("request_id and org_id are strings")
            admitted_at = known.get("admitted_at") or known["occurred_at"]
            if known["occurred_at"].tzinfo is None or admitted_at.tzinfo is None:
                raise TypeError("times have a time zone")
            return cls(**known)
        except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
            raise ValueError(f"not an audit event: {error}") from None


_FIELDS = tuple(f.name for f in fields(AuditEvent))
# What makes it this event, and is short.
_KEPT = frozenset(("request_id", "org_id", "occurred_at", "admitted_at", "subject"))


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_MAX_TEXT_OF_LARGE]
    if isinstance(value, Mapping):
        first = list(value.items())[:_MAX_ITEMS_OF_LARGE]
        return {_short(name): _short(each) for name, each in first}
    if isinstance(value, tuple | list):
        return [_short(each) for each in value[:_MAX_ITEMS_OF_LARGE]]
    return value


_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
