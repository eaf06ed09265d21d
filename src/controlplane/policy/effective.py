"""The levels of a caller's policy, read and merged: organisation > application > key > user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.domain.access import Caller, EffectivePolicy, Level, PolicyDocument
from controlplane.policy.request_rate import Windows
from controlplane.policy.rule import InvalidPolicy, Stated
from controlplane.policy.rules import RULES

# 100 requests a minute for an application that nobody gave a limit of its own.
DEFAULT_RATE: Windows = ((100, 60),)

_SCOPE_PREFIX = {
    Level.ORGANIZATION: "org",
    Level.APPLICATION: "app",
    Level.API_KEY: "key",
    Level.USER: "user",
}


def parse_policy(document: Mapping[str, Any]) -> dict[str, Any]:
    """Read one document, field by field. Raises InvalidPolicy, naming the field.

    A field that this version does not enforce is refused: a policy never promises what does not
    hold.
    """
    for field in document:
        if field not in RULES:
            known = ", ".join(RULES)
            raise InvalidPolicy(field, f"is not a field of the policy (known: {known})")
    return {field: RULES[field].parse(value, field) for field, value in document.items()}


def effective_policy(caller: Caller, documents: Sequence[PolicyDocument]) -> EffectivePolicy:
    """Merge what holds for `caller` out of all documents of the organisation."""
    mine = [entry for entry in documents if applies_to(caller, entry)]
    mine.sort(key=lambda entry: list(Level).index(entry.level))
    stated: dict[str, list[Stated[Any]]] = {field: [] for field in RULES}
    for entry in mine:
        for field, value in parse_policy(entry.document).items():
            stated[field].append(Stated(entry.level, scope(entry.level, entry.subject_id), value))
    rates = stated["rate_limits"]
    if caller.application_id and not any(s.level is Level.APPLICATION for s in rates):
        application = scope(Level.APPLICATION, caller.application_id)
        rates.append(Stated(Level.APPLICATION, application, DEFAULT_RATE))
    merged = {field: RULES[field].merge(entries) for field, entries in stated.items()}
    return EffectivePolicy(
        version=",".join(f"{entry.level.value}:{entry.version}" for entry in mine) or "default",
        model_allow=merged["models"],
        request_limits=merged["rate_limits"],
        max_output_tokens=merged["max_output_tokens"],
        screening=merged["screening"],
        rate_when_down=merged["when_redis_is_down"],
    )


def applies_to(caller: Caller, entry: PolicyDocument) -> bool:
    """True where the document is attached to the caller at its level."""
    subjects = {
        Level.ORGANIZATION: caller.org_id,
        Level.APPLICATION: caller.application_id,
        Level.API_KEY: caller.key_id,
        Level.USER: caller.user_id,
    }
    return entry.subject_id == subjects[entry.level]


def scope(level: Level, subject_id: str) -> str:
    """The name under which a level counts: `app-456`. Ids that carry their prefix keep one."""
    prefix = _SCOPE_PREFIX[level]
    return subject_id if subject_id.startswith(f"{prefix}-") else f"{prefix}-{subject_id}"
