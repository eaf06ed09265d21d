"""`models`: which models may be asked for, as globs. Every level that says something must agree."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from controlplane.policy.rule import LevelValue, Rule, read_array, read_object, text

MAX_PATTERNS, MAX_LENGTH = 100, 256


def parse(value: Any, field: str) -> tuple[str, ...]:
    """`{"allow": ["gpt-4o*"]}` -> the globs."""
    globs: tuple[str, ...] = read_object(value, field, {"allow": _globs}, ["allow"])["allow"]
    return globs


def _globs(value: Any, field: str) -> tuple[str, ...]:
    return read_array(value, field, text(1, MAX_LENGTH), 1, MAX_PATTERNS)


def merge(stated: Sequence[LevelValue[tuple[str, ...]]]) -> tuple[tuple[str, ...], ...]:
    """One group of globs per level."""
    return tuple(entry.value for entry in stated)


def is_allowed(model: str, groups: tuple[tuple[str, ...], ...]) -> bool:
    """True where each group has a glob that matches."""
    return all(any(fnmatchcase(model, glob) for glob in group) for group in groups)


RULE = Rule("models", parse, merge, "a model must match a glob of every level that has `models`")
