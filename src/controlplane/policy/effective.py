"""The levels of a caller's policy, merged (organisation > application > key > user), and what is
merged in the form of a document, each limit with the scope that counts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from controlplane.domain.access import Caller
from controlplane.domain.limits import Limit
from controlplane.domain.policy import EffectivePolicy, Level, PolicyDocument, scope, subjects
from controlplane.policy.document import parse_policy
from controlplane.policy.mode import Mode, mode_of
from controlplane.policy.rule import LevelValue
from controlplane.policy.rules import MERGED
from controlplane.policy.validity import VALID, in_force, validity_of

Stated = dict[str, list[LevelValue[Any]]]


def policy_at(caller: Caller, texts: Iterable[bytes], now: float) -> EffectivePolicy:
    """What holds for `caller` at `now` (seconds since 1970), out of documents of its organisation
    as `PolicyDocument.to_json` writes them. Raises InvalidPolicy."""
    return _of_texts(caller, tuple(text for text in texts if in_force(_document(text), now)))


# Keyed by the very bytes that are stored, so a changed document can never meet an old result.
@lru_cache(maxsize=512)
def _of_texts(caller: Caller, texts: tuple[bytes, ...]) -> EffectivePolicy:
    return effective_policy(caller, [_document(text) for text in texts])


@lru_cache(maxsize=1024)
def _document(text: bytes) -> PolicyDocument:
    return PolicyDocument.from_json(text)


def effective_policy(caller: Caller, documents: Sequence[PolicyDocument]) -> EffectivePolicy:
    """Merge what holds for `caller` out of documents of its organisation that are `in_force`.

    Raises InvalidPolicy.
    """
    mine = sorted(
        (entry for entry in documents if applies_to(caller, entry)),
        key=lambda entry: list(Level).index(entry.level),
    )
    enforced = _stated([entry for entry in mine if mode_of(entry) is Mode.ENFORCE])
    for rule in MERGED:
        if rule.implied is not None:
            stated = enforced.get(rule.field, [])
            implied = rule.implied(caller, stated)
            if implied:
                enforced[rule.field] = [*stated, *implied]
    policy = _merged(enforced, _version(mine))
    tried = [entry for entry in mine if mode_of(entry) is Mode.SHADOW]
    if not tried:
        return policy
    shadow = _merged(_stated(tried), _version(tried))
    counted_apart = tuple(replace(limit, shadow=True) for limit in shadow.limits)
    return replace(policy, limits=policy.limits + counted_apart, shadow=replace(shadow, limits=()))


def _stated(entries: Sequence[PolicyDocument]) -> Stated:
    stated: Stated = {}
    for entry in entries:
        name = scope(entry.level, entry.subject_id)
        for field, value in parse_policy(entry.document).items():
            stated.setdefault(field, []).append(LevelValue(entry.level, name, value))
    return stated


def _merged(stated: Stated, version: str) -> EffectivePolicy:
    merged: dict[str, object] = {}
    limits: list[Limit] = []
    for rule in MERGED:
        if rule.field in stated:
            value = merged[rule.field] = rule.merge(stated[rule.field])
            if rule.limits is not None:
                limits += rule.limits(value)
    return EffectivePolicy(version, merged, tuple(limits))


def _version(entries: Sequence[PolicyDocument]) -> str:
    return ",".join(f"{entry.level.value}:{entry.version}" for entry in entries) or "default"


def applies_to(caller: Caller, entry: PolicyDocument) -> bool:
    """True where the document is attached to the caller at its level."""
    return (entry.level, entry.subject_id) in subjects(caller)


def describe(policy: EffectivePolicy) -> dict[str, Any]:
    """What is enforced, rule by rule."""
    return {rule.field: rule.describe(rule.of(policy)) for rule in MERGED}


def describe_shadow(policy: EffectivePolicy) -> dict[str, Any] | None:
    """What is only tried out; None where nothing is."""
    tried = policy.shadow
    if tried is None:
        return None
    says = {rule.field: rule.describe(rule.of(tried)) for rule in MERGED if rule.has_shadow}
    return {"version": tried.version, **says}


def describe_source(entry: PolicyDocument, now: float) -> dict[str, Any]:
    """One document of a caller; `state` is in_force | later | expired at `now` (since 1970)."""
    return {
        "level": entry.level.value,
        "subject_id": entry.subject_id,
        "scope": scope(entry.level, entry.subject_id),
        "version": entry.version,
        "mode": mode_of(entry).value,
        "state": validity_of(entry).state(now),
        "valid": entry.document.get(VALID.field),
    }
