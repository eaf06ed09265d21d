"""`rate_limits`: requests per sliding window. The limits of all levels hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.domain.access import WindowLimit
from controlplane.policy.rule import (
    InvalidPolicy,
    Rule,
    Stated,
    require_integer,
    require_object,
)

MAX_LIMITS = 8
MAX_WINDOW_SECONDS = 86_400
MAX_REQUESTS = 1_000_000

Windows = tuple[tuple[int, int], ...]


def parse(value: Any, field: str) -> Windows:
    """`[{"requests": 100, "window_seconds": 60}]` -> (requests, seconds) pairs."""
    if not isinstance(value, list) or len(value) > MAX_LIMITS:
        raise InvalidPolicy(field, f"must be an array of at most {MAX_LIMITS} limits")
    return tuple(_parse_one(item, f"{field}.{index}") for index, item in enumerate(value))


def _parse_one(value: Any, field: str) -> tuple[int, int]:
    limit = require_object(value, field, frozenset({"requests", "window_seconds"}))
    return (
        require_integer(limit.get("requests"), f"{field}.requests", 0, MAX_REQUESTS),
        require_integer(
            limit.get("window_seconds"), f"{field}.window_seconds", 1, MAX_WINDOW_SECONDS
        ),
    )


def merge(stated: Sequence[Stated[Windows]]) -> tuple[WindowLimit, ...]:
    """Every limit with its scope; of two with the same scope and window the smaller one counts."""
    smallest: dict[tuple[str, int], int] = {}
    for entry in stated:
        for requests, seconds in entry.value:
            key = (entry.scope, seconds)
            smallest[key] = min(requests, smallest.get(key, requests))
    return tuple(
        WindowLimit(scope, requests, seconds) for (scope, seconds), requests in smallest.items()
    )


RULE = Rule("rate_limits", parse, merge)
