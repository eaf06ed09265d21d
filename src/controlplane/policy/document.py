"""A policy document, read field by field; what it means together with others: `effective.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.domain.access import PolicyDocument
from controlplane.policy.mode import Mode
from controlplane.policy.rule import MAX_NAME_SHOWN, Faults
from controlplane.policy.rules import RULES
from controlplane.policy.validity import Validity


def parse_policy(document: Mapping[str, Any]) -> dict[str, Any]:
    """What each field says. Raises InvalidPolicy, which names every field that is wrong.

    A field that nothing enforces is refused: a policy never promises what does not hold.
    """
    faults, read = Faults(), dict[str, Any]()
    is_shadow = document.get("mode") == Mode.SHADOW
    for field, value in document.items():
        if field not in RULES:
            known = ", ".join(RULES)
            faults.add(field[:MAX_NAME_SHOWN], f"is not a field of the policy (known: {known})")
        elif is_shadow and not RULES[field].has_shadow:
            faults.add(field, "cannot be tried out: leave it out where 'mode' is 'shadow'")
        else:
            with faults.noted():
                read[field] = RULES[field].parse(value, field)
    faults.check()
    return read


def mode_of(entry: PolicyDocument) -> Mode:
    """Enforced, unless the document says otherwise."""
    return Mode(entry.document.get("mode", Mode.ENFORCE))


def validity_of(entry: PolicyDocument) -> Validity:
    """The time to which the document is limited. Raises InvalidPolicy."""
    value = entry.document.get("valid")
    validity: Validity = Validity() if value is None else RULES["valid"].parse(value, "valid")
    return validity


def in_force(entry: PolicyDocument, now: float) -> bool:
    """True where the document is not limited to another time; `now` in seconds since 1970."""
    return validity_of(entry).holds(now)
