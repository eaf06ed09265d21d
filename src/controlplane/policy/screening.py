"""`screening`: what happens to findings. A narrower level can tighten what a wider one says, and
never loosen it; where no level says anything, findings block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controlplane.domain.access import Action, Answers, CustomPattern, ScreeningPolicy
from controlplane.policy.custom_patterns import Allowed, parse_allowed, parse_custom, read_kind
from controlplane.policy.rule import (
    MAX_NAME_SHOWN,
    Faults,
    InvalidPolicy,
    LevelValue,
    Reader,
    Rule,
    boolean,
    one_of,
    read_object,
)

Actions = Mapping[str, Action]


@dataclass(frozen=True, slots=True)
class ScreeningRules:
    """What one level says. None means that it says nothing about that."""

    families: Actions = field(default_factory=dict)
    kinds: Actions = field(default_factory=dict)
    custom: tuple[CustomPattern, ...] = ()
    allow: Allowed | None = None
    responses: Answers | None = None
    restore: bool | None = None

    @property
    def states_actions(self) -> bool:
        """True where the level says what happens to some finding."""
        return bool(self.families or self.kinds)


def parse(value: Any, field: str) -> ScreeningRules:
    """`{"pii": "block", "overrides": {"email": "redact"}, "responses": "redact", ...}`."""
    read = read_object(value, field, _READERS)
    custom = read.get("custom", ())
    kinds: dict[str, Action] = {}
    for pattern, action in custom:
        if action is not None:
            stricter = (action, kinds.get(pattern.kind, action))
            kinds[pattern.kind] = max(stricter, key=lambda each: each.strictness)
    return ScreeningRules(
        families={name: read[name] for name in ("pii", "secrets") if name in read},
        kinds=kinds | read.get("overrides", {}),
        custom=tuple(pattern for pattern, _ in custom),
        allow=read.get("allow"),
        responses=read.get("responses"),
        restore=read.get("restore"),
    )


def _overrides(value: Any, field: str) -> dict[str, Action]:
    if not isinstance(value, dict):
        raise InvalidPolicy((field, "must be an object of kind and action"))
    faults, read = Faults(), dict[str, Action]()
    for name, action in value.items():
        place = f"{field}.{name[:MAX_NAME_SHOWN]}"
        with faults.noted():
            read[read_kind(name, place)] = one_of(Action)(action, place)
    faults.check()
    return read


_READERS: Mapping[str, Reader[Any]] = {
    "pii": one_of(Action),
    "secrets": one_of(Action),
    "overrides": _overrides,
    "custom": parse_custom,
    "allow": parse_allowed,
    "responses": one_of(Answers),
    "restore": boolean,
}


def merge(stated: Sequence[LevelValue[ScreeningRules]]) -> ScreeningPolicy:
    """The strictest action that a level states, family by family and kind by kind.

    All custom detectors run. A value is allowed where every level allows it that states actions
    or an allow-list of its own.
    """
    levels = [entry.value for entry in stated]
    families = {
        family: _strictest(level.families[family] for level in levels if family in level.families)
        for family in ("pii", "secrets")
    }
    kinds = {kind for level in levels for kind in level.kinds}
    allowed = [
        level.allow or Allowed()
        for level in levels
        if level.allow is not None or level.states_actions
    ]
    answers = [level.responses for level in levels if level.responses is not None]
    restore = [level.restore for level in levels if level.restore is not None]
    return ScreeningPolicy(
        pii=families["pii"] or Action.BLOCK,
        secrets=families["secrets"] or Action.BLOCK,
        overrides={kind: _kind_action(kind, levels) for kind in kinds},
        custom=tuple(dict.fromkeys(pattern for level in levels for pattern in level.custom)),
        allow_domains=_in_all(each.domains for each in allowed),
        allow_values=_in_all(each.values for each in allowed),
        responses=max(answers, key=lambda each: each.strictness, default=Answers.OFF),
        restore=bool(restore) and all(restore),
    )


def _kind_action(kind: str, levels: Sequence[ScreeningRules]) -> Action:
    """A level that overrides the kind speaks by that; one that does not, by the kind's family."""
    family = "secrets" if kind == "secret" else "pii"
    says = (level.kinds.get(kind, level.families.get(family)) for level in levels)
    return _strictest(action for action in says if action is not None) or Action.BLOCK


def _strictest(actions: Iterable[Action]) -> Action | None:
    return max(actions, key=lambda action: action.strictness, default=None)


def _in_all(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    first, *others = [*sets] or [frozenset[str]()]
    return first.intersection(*others)


RULE = Rule(
    "screening",
    parse,
    merge,
    "the strictest action that a level states, kind by kind; detectors of all levels run",
    has_shadow=False,
)
