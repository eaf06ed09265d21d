"""`models`: which models may be asked for, as globs. Every level that says something must agree."""

from __future__ import annotations

from typing import Any

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.policy import EffectivePolicy, Level
from controlplane.errors import PermissionDenied
from controlplane.policy.globs import MAX_PATTERNS, Globs, matches, some_globs
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import an_object

# The globs of each level that has some.
Groups = tuple[LevelValue[Globs], ...]


def is_allowed(model: str, policy: EffectivePolicy) -> bool:
    """True where each level has a glob that matches, or none at all."""
    return _forbidding(model, MODELS.of(policy)) is None


def _forbidding(model: str, groups: Groups) -> Level | None:
    for group in groups:
        if not matches(model, group.value):
            return group.level
    return None


def _refuse(request: InferenceRequest, groups: Groups) -> PermissionDenied | None:
    level = _forbidding(request.model, groups)
    if level is None:
        return None
    return PermissionDenied(
        f"The policy of the {level.noun} does not allow the model '{request.model}'.",
        param="model",
    )


def _describe(groups: Groups) -> dict[str, Any]:
    """A model has to match one glob of every group."""
    return {"allow": [list(group.value) for group in groups]}


MODELS: MergedRule[Globs, Groups] = MergedRule(
    field="models",
    shape=an_object({"allow": some_globs()}, required=["allow"]).then(
        lambda read, _: read["allow"]
    ),
    says=f'`{{"allow": [globs]}}`, 1 to {MAX_PATTERNS} of them; `*`, `?` and `[abc]` are special, '
    "and a model's own name always matches itself",
    merges="a model must match a glob of every level that has `models`",
    merge=tuple,
    default=(),
    describe=_describe,
    refuse=_refuse,
)
