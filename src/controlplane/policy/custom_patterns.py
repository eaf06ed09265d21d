"""`screening.custom` and `screening.allow`: detectors of the organisation, and what may pass."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from controlplane.domain.access import Action, CustomPattern
from controlplane.policy.rule import InvalidPolicy, one_of, read_array, read_object, text

MAX_PATTERNS, MAX_PATTERN_LENGTH = 32, 512
# RE2's own measure: instructions after counted repetition is written out.
MAX_PROGRAM_SIZE = 4000
MAX_ALLOWED, MIN_VALUE_LENGTH, MAX_VALUE_LENGTH = 256, 4, 256
_KIND = re.compile(r"\A[a-z][a-z0-9_]{0,39}\Z")
_DOMAIN = re.compile(r"\A[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}\Z")


class Allowed(NamedTuple):
    """What is no finding: addresses in `domains` and below them, and `values`."""

    domains: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()


def parse_custom(value: Any, field: str) -> tuple[tuple[CustomPattern, Action | None], ...]:
    """`[{"kind": "employee_id", "pattern": "EMP-[0-9]{6}", "action": "redact"}]`.

    The action may be left out: then it is that of personal data.
    """
    return read_array(value, field, _detector, 0, MAX_PATTERNS)


def _detector(value: Any, field: str) -> tuple[CustomPattern, Action | None]:
    readers = {"kind": read_kind, "pattern": _pattern, "action": one_of(Action)}
    read = read_object(value, field, readers, ["kind", "pattern"])
    return CustomPattern(read["kind"], read["pattern"]), read.get("action")


def read_kind(value: Any, field: str) -> str:
    """Reads the name of a kind of finding."""
    if not isinstance(value, str) or not _KIND.match(value):
        raise InvalidPolicy((field, "must be a name like 'employee_id', 40 letters at most"))
    return value


def _pattern(pattern: Any, field: str) -> str:
    if not isinstance(pattern, str) or not 1 <= len(pattern) <= MAX_PATTERN_LENGTH:
        raise InvalidPolicy((field, f"must be a string of 1 to {MAX_PATTERN_LENGTH} characters"))
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


def parse_allowed(value: Any, field: str) -> Allowed:
    """`{"domains": ["example.com"], "values": ["4111 1111 1111 1111"]}`."""
    read = read_object(value, field, {"domains": _domains, "values": _values})
    return Allowed(frozenset(read.get("domains", ())), frozenset(read.get("values", ())))


def _domains(value: Any, field: str) -> tuple[str, ...]:
    return read_array(value, field, _domain, 0, MAX_ALLOWED)


def _domain(value: Any, field: str) -> str:
    if not isinstance(value, str) or not _DOMAIN.match(value.lower()):
        raise InvalidPolicy((field, "must be a name like 'example.com'"))
    return value.lower()


def _values(value: Any, field: str) -> tuple[str, ...]:
    return read_array(value, field, text(MIN_VALUE_LENGTH, MAX_VALUE_LENGTH), 0, MAX_ALLOWED)
