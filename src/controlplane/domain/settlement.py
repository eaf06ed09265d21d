"""A settlement that the ledger could not be told about: it travels with the audit event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controlplane.domain.audit import AuditEvent
from controlplane.domain.limits import UTC_ZONE, Hold, Limit, Measure, Per, Period
from controlplane.domain.periods import is_time_zone


@dataclass(frozen=True, slots=True)
class Settlement:
    """A hold and what its request really used."""

    hold: Hold
    used_tokens: int
    used_cost_microusd: int

    def to_dict(self) -> dict[str, Any] | None:
        """`AuditEvent.unsettled`. None where nothing is held."""
        hold = self.hold
        limits = [_row(limit) for limit in hold.limits if limit.holds]
        if not limits:
            return None
        return {
            "limits": limits,
            "tokens": hold.tokens,
            "cost_microusd": hold.cost_microusd,
            "admitted_at": hold.admitted_at and hold.admitted_at.isoformat(),
            "used_tokens": self.used_tokens,
            "used_cost_microusd": self.used_cost_microusd,
        }

    @classmethod
    def of_event(cls, event: AuditEvent) -> Settlement | None:
        """Read `event.unsettled`; None where all is settled.

        It is charged to the day that the sums of usage take too, also where no ledger admitted it.
        Raises ValueError where it is not of that shape.
        """
        unsettled: Mapping[str, Any] | None = event.unsettled
        if unsettled is None:
            return None
        try:
            admitted_at = _instant(unsettled["admitted_at"]) or event.admitted_at
            hold = Hold(
                request_id=event.request_id,
                org_id=event.org_id,
                limits=tuple(_limit(row) for row in unsettled["limits"]),
                tokens=_amount(unsettled["tokens"]),
                cost_microusd=_amount(unsettled["cost_microusd"]),
                admitted_at=admitted_at or event.occurred_at,
            )
            used = _amount(unsettled["used_tokens"]), _amount(unsettled["used_cost_microusd"])
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            raise ValueError("not a hold") from None
        return cls(hold, *used)


def _row(limit: Limit) -> list[Any]:
    """Five values, and an object of what only some limits say."""
    more: dict[str, Any] = {}
    if limit.models:
        more["models"] = list(limit.models)
    if limit.per is not None:
        more |= {"per": limit.per.value, "counter": limit.counter}
    if limit.time_zone != UTC_ZONE:
        more["time_zone"] = limit.time_zone
    row = [limit.measure, limit.scope, limit.capacity, limit.window, limit.shadow]
    return [*row, more] if more else row


def _limit(row: Any) -> Limit:
    measure, scope, capacity, window, shadow, *rest = row
    more: Mapping[str, Any] = rest[0] if rest else {}
    models = tuple(more.get("models", ()))
    texts = scope, *models, more.get("counter", ""), more.get("time_zone", UTC_ZONE)
    if not all(isinstance(each, str) for each in texts) or not isinstance(shadow, bool):
        raise TypeError
    if not is_time_zone(texts[-1]):
        raise ValueError
    return Limit(
        Measure(measure),
        scope,
        _amount(capacity),
        _window(window),
        shadow,
        models=models,
        per=Per(more["per"]) if "per" in more else None,
        time_zone=texts[-1],
        counter=texts[-2],
    )


def _window(value: Any) -> int | Period | None:
    return Period(value) if isinstance(value, str) else value and _amount(value)


def _instant(value: Any) -> datetime | None:
    at = value and datetime.fromisoformat(value)
    if at is not None and at.tzinfo is None:
        raise ValueError
    return at


def _amount(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value
