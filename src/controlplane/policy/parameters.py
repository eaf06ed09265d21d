"""`parameters`: which fields of a request may be set, by their top-level names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.domain.access import ParameterPolicy
from controlplane.policy.rule import InvalidPolicy, LevelValue, Rule, read_array, read_object

# Without these there is no request.
ALWAYS_ALLOWED = frozenset({"model", "messages", "input", "stream"})
MAX_NAMES = 100
_NAME = re.compile(r"\A[A-Za-z_][A-Za-z0-9_]{0,63}\Z")


def parse(value: Any, field: str) -> ParameterPolicy:
    """`{"allow": ["temperature", "max_tokens"]}` or `{"deny": ["tools"]}`, not both."""
    read = read_object(value, field, {"allow": _allowed, "deny": _denied})
    if len(read) != 1:
        raise InvalidPolicy((field, "must have either 'allow' or 'deny'"))
    if "allow" in read:
        return ParameterPolicy(allow=(frozenset(read["allow"]),))
    return ParameterPolicy(deny=frozenset(read["deny"]))


def _allowed(value: Any, field: str) -> tuple[str, ...]:
    return read_array(value, field, _name, 0, MAX_NAMES)


def _denied(value: Any, field: str) -> tuple[str, ...]:
    return read_array(value, field, _deniable, 1, MAX_NAMES)


def _name(value: Any, field: str) -> str:
    if not isinstance(value, str) or not _NAME.match(value):
        raise InvalidPolicy((field, "must be the name of a request field, such as 'temperature'"))
    return value


def _deniable(value: Any, field: str) -> str:
    name = _name(value, field)
    if name in ALWAYS_ALLOWED:
        raise InvalidPolicy((field, f"cannot be '{name}': that is always allowed"))
    return name


def merge(stated: Sequence[LevelValue[ParameterPolicy]]) -> ParameterPolicy:
    """One group of allowed names per level that has one, and what any level denies."""
    return ParameterPolicy(
        allow=tuple(group for entry in stated for group in entry.value.allow),
        deny=frozenset(name for entry in stated for name in entry.value.deny),
    )


def refused_parameter(body: Mapping[str, Any], policy: ParameterPolicy) -> str | None:
    """The first field of a request that may not be set; null is how clients say "not set"."""
    for name, value in body.items():
        if value is None or name in ALWAYS_ALLOWED:
            continue
        if name in policy.deny or not all(name in group for group in policy.allow):
            return name
    return None


RULE = Rule(
    "parameters", parse, merge, "a name must be in every level's `allow` and in no level's `deny`"
)
