"""What a rule is: a field of the policy document that can be read, and merged over the levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from controlplane.domain.access import Level
from controlplane.errors import ControlPlaneError

T = TypeVar("T")


class InvalidPolicy(ControlPlaneError):
    """A policy document does not say what it should; `field` is the path of the fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Stated(Generic[T]):
    """What one level says about one field. `scope` names its counters: `app-456`."""

    level: Level
    scope: str
    value: T


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """A row of RULES.

    `parse(value, field)` raises InvalidPolicy. `merge` gets what each level stated, widest level
    first, levels that say nothing left out.
    """

    field: str
    parse: Callable[[Any, str], T]
    merge: Callable[[Sequence[Stated[T]]], Any]


def require_object(value: Any, field: str, known: frozenset[str]) -> dict[str, Any]:
    """`value` as an object with no field but the known ones."""
    if not isinstance(value, dict):
        raise InvalidPolicy(field, "must be an object")
    for name in value:
        if name not in known:
            raise InvalidPolicy(f"{field}.{name}", "is not a known field")
    return value


def require_integer(value: Any, field: str, low: int, high: int) -> int:
    """`value` as an integer from `low` to `high`."""
    if type(value) is not int or not low <= value <= high:
        raise InvalidPolicy(field, f"must be an integer from {low} to {high}")
    return value
