"""Redact: put a token where a value stood. `[EMAIL_1]` is the same address wherever it returns."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from controlplane.errors import InternalError
from controlplane.screening import place
from controlplane.screening.fold import fold, unescape
from controlplane.screening.scan import Finding, scan

# Taking a value out can make another visible; the second round nearly always finds nothing.
_ROUNDS = 8
_STRING_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMBER_LITERAL = re.compile(r"[-+0-9.eE]*")

Path = tuple[str | int, ...]


class Tokens:
    """Hands out `[EMAIL_1]`, `[EMAIL_2]`, ...: one for each value of a kind."""

    def __init__(self) -> None:
        self._known: defaultdict[str, dict[bytes, str]] = defaultdict(dict)

    def token(self, kind: str, value: str) -> str:
        """The token for `value`, the same for every spelling of it."""
        known = self._known[kind]
        return known.setdefault(_identity(kind, value), f"[{kind.upper()}_{len(known) + 1}]")


def _identity(kind: str, value: str) -> bytes:
    decoded = unescape(value)
    plain, _ = fold(decoded[0] if decoded else value)
    if kind == "secret":
        return plain
    return plain.lower() if kind == "email" else bytes(filter(bytes.isdigit, plain))
