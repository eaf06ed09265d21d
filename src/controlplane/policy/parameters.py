"""`parameters`: which fields of a request may be set, by their top-level names."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.policy import Level
from controlplane.errors import PermissionDenied
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import InvalidPolicy, an_array, an_object, matching

# Without these there is no request.
ALWAYS_ALLOWED = frozenset({"model", "messages", "input", "stream"})
MAX_NAMES = 100


@dataclass(frozen=True, slots=True)
class Parameters:
    """What one level says: only those in `allow` (None: all), and none of `deny`."""

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()


# What each level says that says something.
Levels = tuple[LevelValue[Parameters], ...]


def refused_parameter(
    body: Mapping[str, Any], levels: Levels, needed: Set[str] = frozenset()
) -> tuple[str, Level] | None:
    """The first field of a request that may not be set, and the level that forbids it; null is how
    clients say "not set". Without those that are `needed` there is no request either."""
    for name, value in body.items():
        if value is None or name in ALWAYS_ALLOWED or name in needed:
            continue
        for entry in levels:
            says = entry.value
            if name in says.deny or (says.allow is not None and name not in says.allow):
                return name, entry.level
    return None


def _refuse(request: InferenceRequest, levels: Levels) -> PermissionDenied | None:
    refused = refused_parameter(request.body, levels, request.needed)
    if refused is None:
        return None
    name, level = refused
    return PermissionDenied(
        f"The policy of the {level.noun} does not allow the parameter '{name}'.", param=name
    )


def _describe(levels: Levels) -> dict[str, Any]:
    """A name has to be in every group of `allow`, and not in `deny`."""
    allowed = [entry.value.allow for entry in levels if entry.value.allow is not None]
    denied = {name for entry in levels for name in entry.value.deny}
    return {"allow": [sorted(group) for group in allowed], "deny": sorted(denied)}


_NAME = matching(
    "[A-Za-z_][A-Za-z0-9_]{0,63}", "must be the name of a request field", example="logit_bias"
)


def _deniable(name: str, field: str) -> str:
    if name in ALWAYS_ALLOWED:
        raise InvalidPolicy((field, f"cannot be '{name}': that is always allowed"))
    return name


def _parameters(read: dict[str, Any], field: str) -> Parameters:
    if len(read) != 1:
        raise InvalidPolicy((field, "must have either 'allow' or 'deny'"))
    if "allow" in read:
        return Parameters(allow=frozenset(read["allow"]))
    return Parameters(deny=frozenset(read["deny"]))


PARAMETERS: MergedRule[Parameters, Levels] = MergedRule(
    field="parameters",
    shape=an_object(
        {
            "allow": an_array(_NAME, 0, MAX_NAMES),
            "deny": an_array(_NAME.then(_deniable), 1, MAX_NAMES),
        },
        example={"deny": ["logit_bias"]},
    ).then(_parameters, minProperties=1, maxProperties=1),
    says='`{"allow": [names]}` or `{"deny": [names]}` of a request\'s top-level fields; `model`, '
    "`messages`, `input` and `stream` are always allowed",
    merges="a name must be in every level's `allow` and in no level's `deny`",
    merge=tuple,
    default=(),
    describe=_describe,
    refuse=_refuse,
)
