"""`screening`: what happens to findings. A narrower level can tighten what a wider one says, and
never loosen it; where no level says anything, findings block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controlplane.policy.custom_patterns import (
    ALLOWED,
    KIND,
    MAX_PATTERNS,
    PATTERN,
    Allowed,
    bound_together,
)
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import a_map, an_array, an_object, boolean, one_of


class Action(StrEnum):
    """What screening does with a finding, mildest first."""

    OFF = "off"
    FLAG = "flag"
    REDACT = "redact"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        """0 (off) to 3 (block)."""
        return list(Action).index(self)


@dataclass(frozen=True, slots=True)
class CustomPattern:
    """An organisation's own detector: what `pattern` (RE2 syntax) finds is of this `kind`."""

    kind: str
    pattern: str


class Answers(StrEnum):
    """What screening does with the answers of models, mildest first."""

    OFF = "off"
    REDACT = "redact"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        """0 (off) to 2 (block)."""
        return list(Answers).index(self)


@dataclass(frozen=True, slots=True)
class ScreeningPolicy:
    """The action per family (`pii`, `secrets`), and per kind where `overrides` names it.

    `allow_domains` (with their subdomains) and `allow_values` are not findings at all. `restore`
    puts redacted values back where an answer repeats their tokens.
    """

    pii: Action = Action.BLOCK
    secrets: Action = Action.BLOCK
    overrides: Mapping[str, Action] = field(default_factory=dict)
    custom: tuple[CustomPattern, ...] = ()
    allow_domains: frozenset[str] = frozenset()
    allow_values: frozenset[str] = frozenset()
    responses: Answers = Answers.OFF
    restore: bool = False

    def action(self, kind: str, family: str) -> Action:
        """The action for a finding of `kind` in `family`."""
        override = self.overrides.get(kind)
        if override is not None:
            return override
        return self.secrets if family == "secrets" else self.pii


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


def _detector(read: dict[str, Any], _: str) -> tuple[CustomPattern, Action | None]:
    """Without an action of its own it has that of personal data."""
    return CustomPattern(read["kind"], read["pattern"]), read.get("action")


def _rules(read: dict[str, Any], _: str) -> ScreeningRules:
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


def _bound(rules: ScreeningRules, field: str) -> None:
    bound_together([each.pattern for each in rules.custom], f"{field}.custom")


def _merge(stated: Sequence[LevelValue[ScreeningRules]]) -> ScreeningPolicy:
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


def _describe(policy: ScreeningPolicy) -> dict[str, Any]:
    return {
        "pii": policy.pii.value,
        "secrets": policy.secrets.value,
        "overrides": {kind: policy.overrides[kind].value for kind in sorted(policy.overrides)},
        "custom": [{"kind": each.kind, "pattern": each.pattern} for each in policy.custom],
        "allow": {
            "domains": sorted(policy.allow_domains),
            "values": sorted(policy.allow_values),
        },
        "responses": policy.responses.value,
        "restore": policy.restore,
    }


_ACTION = one_of(Action, example=Action.REDACT)
_DETECTOR = an_object(
    {"kind": KIND, "pattern": PATTERN, "action": _ACTION}, required=["kind", "pattern"]
).then(_detector)

SCREENING: MergedRule[ScreeningRules, ScreeningPolicy] = MergedRule(
    field="screening",
    shape=an_object(
        {
            "pii": _ACTION,
            "secrets": _ACTION,
            "overrides": a_map(KIND, _ACTION),
            "custom": an_array(_DETECTOR, 0, MAX_PATTERNS),
            "allow": ALLOWED,
            "responses": one_of(Answers, example=Answers.REDACT),
            "restore": boolean(example=False),
        },
        example={"pii": "redact", "secrets": "block"},
    ).then(_rules),
    says="what happens to personal data and secrets",
    merges="the strictest action that a level states, kind by kind; detectors of all levels run",
    merge=_merge,
    default=ScreeningPolicy(),
    describe=_describe,
    has_shadow=False,
    bound=_bound,
)
