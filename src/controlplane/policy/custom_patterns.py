"""`screening.custom` and `screening.allow`: detectors of the organisation, and what may pass."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from controlplane.domain.access import CustomPattern
from controlplane.policy.rule import InvalidPolicy, require_object

MAX_PATTERNS, MAX_PATTERN_LENGTH = 32, 512
# RE2's own measure: instructions after counted repetition is written out.
MAX_PROGRAM_SIZE = 4000
MAX_ALLOWED, MAX_VALUE_LENGTH = 256, 256
_KIND = re.compile(r"\A[a-z][a-z0-9_]{0,39}\Z")
_DOMAIN = re.compile(r"\A[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}\Z")


class Allowed(NamedTuple):
    """What is no finding: addresses in `domains` and below them, and `values`."""

    domains: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()


def parse_custom(value: Any, field: str) -> tuple[tuple[CustomPattern, str | None], ...]:
    """`[{"kind": "employee_id", "pattern": "EMP-[0-9]{6}", "action": "redact"}]`.

    The action may be left out: then it is that of personal data.
    """
    if not isinstance(value, list) or len(value) > MAX_PATTERNS:
        raise InvalidPolicy(field, f"must be an array of at most {MAX_PATTERNS} detectors")
    known = frozenset({"kind", "pattern", "action"})
    parsed = []
    for index, item in enumerate(value):
        where = f"{field}.{index}"
        entry = require_object(item, where, known)
        kind = entry.get("kind")
        if not isinstance(kind, str) or not _KIND.match(kind):
            raise InvalidPolicy(f"{where}.kind", "must be like 'employee_id', 40 letters at most")
        parsed.append((CustomPattern(kind, _pattern(entry, where)), entry.get("action")))
    return tuple(parsed)


def _pattern(entry: dict[str, Any], where: str) -> str:
    pattern, place = entry.get("pattern"), f"{where}.pattern"
    if not isinstance(pattern, str) or not 1 <= len(pattern) <= MAX_PATTERN_LENGTH:
        raise InvalidPolicy(place, f"must be a string of 1 to {MAX_PATTERN_LENGTH} characters")
    if not pattern.isascii() or "\x00" in pattern:
        raise InvalidPolicy(place, "must be ASCII: text is folded to ASCII before it is searched")
    fault = _fault(pattern)
    if fault:
        raise InvalidPolicy(place, fault)
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
    document = require_object(value, field, frozenset({"domains", "values"}))
    domains = [name.lower() for name in _strings(document.get("domains", []), f"{field}.domains")]
    for name in domains:
        if not _DOMAIN.match(name):
            raise InvalidPolicy(f"{field}.domains", "must be names like 'example.com'")
    values = _strings(document.get("values", []), f"{field}.values")
    return Allowed(frozenset(domains), frozenset(values))


def _strings(value: Any, field: str) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_ALLOWED:
        raise InvalidPolicy(field, f"must be an array of at most {MAX_ALLOWED} strings")
    for entry in value:
        if not isinstance(entry, str) or not 4 <= len(entry) <= MAX_VALUE_LENGTH:
            raise InvalidPolicy(field, f"must hold strings of 4 to {MAX_VALUE_LENGTH} characters")
    return value
