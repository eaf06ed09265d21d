"""`when_redis_is_down`: whether a rule lets requests pass while its counters cannot be reached.
The strictest level decides; where none does, rates stay open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.domain.access import WhenDown
from controlplane.policy.rule import InvalidPolicy, Rule, Stated, require_object


def parse(value: Any, field: str) -> WhenDown:
    """`{"rate": "open"}` -> open or closed."""
    document = require_object(value, field, frozenset({"rate"}))
    try:
        return WhenDown(document.get("rate", WhenDown.OPEN))
    except ValueError:
        raise InvalidPolicy(f"{field}.rate", "must be open or closed") from None


def merge(stated: Sequence[Stated[WhenDown]]) -> WhenDown:
    """Closed as soon as one level says so."""
    closed = any(entry.value is WhenDown.CLOSED for entry in stated)
    return WhenDown.CLOSED if closed else WhenDown.OPEN


RULE = Rule("when_redis_is_down", parse, merge)
