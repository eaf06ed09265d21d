"""`models`: which models may be asked for, as globs. Every level that says something must agree."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from controlplane.policy.rule import InvalidPolicy, Rule, Stated, require_object

MAX_PATTERNS = 100


def parse(value: Any, field: str) -> tuple[str, ...]:
    """`{"allow": ["gpt-4o*"]}` -> the globs."""
    allow = require_object(value, field, frozenset({"allow"})).get("allow")
    if not isinstance(allow, list) or not 0 < len(allow) <= MAX_PATTERNS:
        raise InvalidPolicy(f"{field}.allow", f"must be an array of 1 to {MAX_PATTERNS} names")
    for index, pattern in enumerate(allow):
        if not isinstance(pattern, str) or not pattern:
            raise InvalidPolicy(f"{field}.allow.{index}", "must be a model name or a glob")
    return tuple(allow)


def merge(stated: Sequence[Stated[tuple[str, ...]]]) -> tuple[tuple[str, ...], ...]:
    """One group of globs per level."""
    return tuple(entry.value for entry in stated)


def is_allowed(model: str, groups: tuple[tuple[str, ...], ...]) -> bool:
    """True where each group has a glob that matches."""
    return all(any(fnmatchcase(model, glob) for glob in group) for group in groups)


RULE = Rule("models", parse, merge)
