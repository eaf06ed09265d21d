"""`screening`: what happens to findings. A narrower level can tighten what a wider one says, and
never loosen it; where no level says anything, findings block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controlplane.domain.access import Action, ScreeningPolicy
from controlplane.policy.rule import InvalidPolicy, Rule, Stated, require_object

FIELDS = frozenset({"pii", "secrets", "overrides"})

Actions = dict[str, Action]


def parse(value: Any, field: str) -> tuple[Actions, Actions]:
    """`{"pii": "block", "overrides": {"email": "redact"}}` -> (per family, per kind)."""
    document = require_object(value, field, FIELDS)
    overrides = document.get("overrides", {})
    if not isinstance(overrides, dict):
        raise InvalidPolicy(f"{field}.overrides", "must be an object of kind and action")
    families: Actions = {
        family: _action(document[family], f"{field}.{family}")
        for family in ("pii", "secrets")
        if family in document
    }
    kinds = {kind: _action(name, f"{field}.overrides.{kind}") for kind, name in overrides.items()}
    return families, kinds


def _action(value: Any, field: str) -> Action:
    try:
        return Action(value)
    except ValueError:
        names = ", ".join(action.value for action in Action)
        raise InvalidPolicy(field, f"must be one of {names}") from None


def merge(stated: Sequence[Stated[tuple[Actions, Actions]]]) -> ScreeningPolicy:
    """The strictest action that a level states, family by family and kind by kind."""
    levels = [entry.value for entry in stated]
    families = {
        family: _strictest(actions[family] for actions, _ in levels if family in actions)
        for family in ("pii", "secrets")
    }
    kinds = {kind for _, overrides in levels for kind in overrides}
    return ScreeningPolicy(
        pii=families["pii"] or Action.BLOCK,
        secrets=families["secrets"] or Action.BLOCK,
        overrides={kind: _kind_action(kind, levels) for kind in kinds},
    )


def _kind_action(kind: str, levels: Sequence[tuple[Actions, Actions]]) -> Action:
    """A level that overrides the kind speaks by that; one that does not, by the kind's family."""
    family = "secrets" if kind == "secret" else "pii"
    says = (overrides.get(kind, actions.get(family)) for actions, overrides in levels)
    return _strictest(action for action in says if action is not None) or Action.BLOCK


def _strictest(actions: Iterable[Action]) -> Action | None:
    return max(actions, key=lambda action: action.strictness, default=None)


RULE = Rule("screening", parse, merge)
