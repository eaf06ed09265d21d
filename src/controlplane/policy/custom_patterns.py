"""Of `screening`: the organisation's own detectors (`custom`), and what may pass (`allow`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from controlplane.policy.pattern_weight import weight
from controlplane.policy.shape import (
    InvalidPolicy,
    Shape,
    an_array,
    an_object,
    matching,
    such_as,
    text,
)

MAX_PATTERNS, MAX_PATTERN_LENGTH = 32, 512
# RE2's own measure: instructions after counted repetition is written out.
MAX_PROGRAM_SIZE = 4000
# The patterns of one level together. A weight of one is 10 ns of CPU for a byte of hostile text.
MAX_WEIGHT = 512
MAX_ALLOWED, MIN_VALUE_LENGTH, MAX_VALUE_LENGTH = 256, 4, 256
_PATTERN_EXAMPLE = "EMP-[0-9]{6}"


class Allowed(NamedTuple):
    """What is no finding: addresses in `domains` and below them, and `values`."""

    domains: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()


def _pattern(pattern: object, field: str) -> str:
    if not isinstance(pattern, str) or not 1 <= len(pattern) <= MAX_PATTERN_LENGTH:
        expected = f"must be a string of 1 to {MAX_PATTERN_LENGTH} characters"
        raise such_as(field, expected, _PATTERN_EXAMPLE)
    if not pattern.isascii() or "\x00" in pattern:
        raise InvalidPolicy((field, "must be ASCII: text is folded to ASCII before the search"))
    fault = _fault(pattern)
    if fault:
        raise InvalidPolicy((field, fault))
    return pattern


@lru_cache(maxsize=1024)
def _fault(pattern: str) -> str | None:
    """What is wrong with a pattern; policies are read on every request, compiled once."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    try:
        compiled = re2.compile(pattern.encode(), options)
    except re2.error:
        return "is not a pattern that RE2 takes (no look-around, no back-references)"
    if compiled.programsize > MAX_PROGRAM_SIZE:
        return "is too large: use smaller counts of repetition"
    if compiled.groups > 1:
        return "must not have more than one group; write '(?:...)'"
    if compiled.search(b""):
        return "matches the empty string, and so everywhere"
    return None


def bound_together(patterns: Sequence[str], field: str) -> None:
    """Raises InvalidPolicy where the patterns of one level would make screening slow."""
    weights: list[int] = []
    for pattern in patterns:
        weights.append(weight(pattern))
        if sum(weights) > MAX_WEIGHT:
            at = weights.index(max(weights))
            raise InvalidPolicy(
                (
                    f"{field}.{at}.pattern",
                    f"may begin {weights[at]:,} matches inside one another, and all patterns of a "
                    f"policy together {MAX_WEIGHT} at most, for the sake of speed: use smaller "
                    "counts of repetition, or begin with a character that the rest cannot match",
                )
            )


def _allowed(read: dict[str, Any], _: str) -> Allowed:
    return Allowed(frozenset(read.get("domains", ())), frozenset(read.get("values", ())))


KIND = matching(
    "[a-z][a-z0-9_]{0,39}", "must be a name of 40 letters at most", example="employee_id"
)
PATTERN = Shape(
    _pattern,
    {"type": "string", "minLength": 1, "maxLength": MAX_PATTERN_LENGTH},
    _PATTERN_EXAMPLE,
)
_DOMAIN = matching(
    r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    "must be the name of a domain",
    example="example.com",
).then(lambda name, _: name.lower())
_VALUE = text(MIN_VALUE_LENGTH, MAX_VALUE_LENGTH, example="4111 1111 1111 1111")

ALLOWED = an_object(
    {"domains": an_array(_DOMAIN, 0, MAX_ALLOWED), "values": an_array(_VALUE, 0, MAX_ALLOWED)}
).then(_allowed)
