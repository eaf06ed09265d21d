"""`screening`: what happens to findings. A narrower level can tighten what a wider one says, and
never loosen it; where no level says anything, findings block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controlplane.domain.access import Action, Answers, CustomPattern, ScreeningPolicy
from controlplane.policy.custom_patterns import Allowed, parse_allowed, parse_custom
from controlplane.policy.rule import InvalidPolicy, Rule, Stated, require_object

FIELDS = frozenset({"pii", "secrets", "overrides", "custom", "allow", "responses", "restore"})

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
    document = require_object(value, field, FIELDS)
    overrides = document.get("overrides", {})
    if not isinstance(overrides, dict):
        raise InvalidPolicy(f"{field}.overrides", "must be an object of kind and action")
    custom = parse_custom(document.get("custom", []), f"{field}.custom")
    kinds: dict[str, Action] = {}
    for index, (pattern, name) in enumerate(custom):
        if name is not None:
            action = _action(name, f"{field}.custom.{index}.action")
            kinds[pattern.kind] = max(
                action, kinds.get(pattern.kind, action), key=lambda action: action.strictness
            )
    for kind, name in overrides.items():
        kinds[kind] = _action(name, f"{field}.overrides.{kind}")
    restore = document.get("restore")
    if not isinstance(restore, bool | None):
        raise InvalidPolicy(f"{field}.restore", "must be true or false")
    return ScreeningRules(
        families={
            family: _action(document[family], f"{field}.{family}")
            for family in ("pii", "secrets")
            if family in document
        },
        kinds=kinds,
        custom=tuple(pattern for pattern, _ in custom),
        allow=parse_allowed(document["allow"], f"{field}.allow") if "allow" in document else None,
        responses=_answers(document.get("responses"), f"{field}.responses"),
        restore=restore,
    )


def _action(value: Any, field: str) -> Action:
    try:
        return Action(value)
    except ValueError:
        names = ", ".join(action.value for action in Action)
        raise InvalidPolicy(field, f"must be one of {names}") from None


def _answers(value: Any, field: str) -> Answers | None:
    if value is None:
        return None
    try:
        return Answers(value)
    except ValueError:
        names = ", ".join(answers.value for answers in Answers)
        raise InvalidPolicy(field, f"must be one of {names}") from None


def merge(stated: Sequence[Stated[ScreeningRules]]) -> ScreeningPolicy:
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


RULE = Rule("screening", parse, merge)
