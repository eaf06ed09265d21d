"""The levels of a caller's policy, merged: organisation > application > key > user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from controlplane.domain.access import Caller, EffectivePolicy, Level, PolicyDocument
from controlplane.domain.limits import Limit
from controlplane.policy.document import mode_of, parse_policy
from controlplane.policy.mode import Mode
from controlplane.policy.request_rate import Windows
from controlplane.policy.rule import LevelValue
from controlplane.policy.rules import RULES

__all__ = ["applies_to", "effective_policy", "parse_policy", "scope"]

# 100 requests a minute for an application whose own document has no `rate_limits`.
DEFAULT_RATE: Windows = ((100, 60),)

_SCOPE_PREFIX = {
    Level.ORGANIZATION: "org",
    Level.APPLICATION: "app",
    Level.API_KEY: "key",
    Level.USER: "user",
}
_LIMITS = ("rate_limits", "token_limits", "cost_caps", "concurrency")


def effective_policy(caller: Caller, documents: Sequence[PolicyDocument]) -> EffectivePolicy:
    """Merge what holds for `caller` out of documents of its organisation that are `in_force`.

    Raises InvalidPolicy.
    """
    mine = sorted(
        (entry for entry in documents if applies_to(caller, entry)),
        key=lambda entry: list(Level).index(entry.level),
    )
    enforced = _stated([entry for entry in mine if mode_of(entry) is Mode.ENFORCE])
    tried = [entry for entry in mine if mode_of(entry) is Mode.SHADOW]
    rates = enforced["rate_limits"]
    if caller.application_id and not any(s.level is Level.APPLICATION for s in rates):
        application = scope(Level.APPLICATION, caller.application_id)
        rates.append(LevelValue(Level.APPLICATION, application, DEFAULT_RATE))
    policy = _merged(enforced, _version(mine))
    if not tried:
        return policy
    shadow = _merged(_stated(tried), _version(tried))
    counted_apart = tuple(replace(limit, shadow=True) for limit in shadow.limits)
    return replace(policy, limits=policy.limits + counted_apart, shadow=replace(shadow, limits=()))


def _stated(entries: Sequence[PolicyDocument]) -> dict[str, list[LevelValue[Any]]]:
    stated: dict[str, list[LevelValue[Any]]] = {field: [] for field in RULES}
    for entry in entries:
        for field, value in parse_policy(entry.document).items():
            stated[field].append(
                LevelValue(entry.level, scope(entry.level, entry.subject_id), value)
            )
    return stated


def _merged(stated: dict[str, list[LevelValue[Any]]], version: str) -> EffectivePolicy:
    merged = {field: rule.merge(stated[field]) for field, rule in RULES.items() if rule.merge}
    limits: list[Limit] = [limit for field in _LIMITS for limit in merged[field]]
    down = merged["when_redis_is_down"]
    return EffectivePolicy(
        version=version,
        model_allow=merged["models"],
        limits=tuple(limits),
        max_output_tokens=merged["max_output_tokens"],
        parameters=merged["parameters"],
        screening=merged["screening"],
        rate_when_down=down.rate,
        cost_when_down=down.cost,
        store_payloads=merged["store_payloads"],
    )


def _version(entries: Sequence[PolicyDocument]) -> str:
    return ",".join(f"{entry.level.value}:{entry.version}" for entry in entries) or "default"


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
    """The name under which a level counts: `app-456`. An id without its prefix gets one that no id
    can have (`app:support`), so that no two subjects share a name.

    The `sub` of a user is anybody's text and becomes part of Redis keys: it is quoted as in an
    address, and always prefixed, so that no two users share a name.
    """
    prefix = _SCOPE_PREFIX[level]
    if level is Level.USER:
        return f"{prefix}-{quote(subject_id, safe='@')}"
    return subject_id if subject_id.startswith(f"{prefix}-") else f"{prefix}:{subject_id}"
