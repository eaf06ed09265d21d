"""Globs for names of models: `*`, `?` and `[abc]`. A name always matches itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase, translate
from functools import lru_cache

from controlplane.policy.shape import InvalidPolicy, Shape, an_array, text

MAX_PATTERNS, MAX_LENGTH = 100, 256

Globs = tuple[str, ...]


def matches(model: str, globs: Iterable[str]) -> bool:
    """True where one of them matches: names such as `claude-sonnet-4[1m]` hold brackets."""
    return any(model == glob or fnmatchcase(model, glob) for glob in globs)


def some_globs() -> Shape[Globs]:
    """An array of globs, each of which some model could match."""
    glob = text(1, MAX_LENGTH, example="gpt-*").then(_possible)
    return an_array(glob, 1, MAX_PATTERNS)


def _possible(glob: str, field: str) -> str:
    if not _can_match(glob):
        raise InvalidPolicy((field, "matches no model: the range in its brackets is empty"))
    return glob


# What Python makes of a range that is empty, as in `[z-a]`; inside other brackets, or behind a
# backslash, it stands for these very characters.
_EMPTY_RANGE = "(?!)"
_LITERAL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


@lru_cache(maxsize=1_024)
def _can_match(glob: str) -> bool:
    return _EMPTY_RANGE not in _LITERAL.sub("", translate(glob))
