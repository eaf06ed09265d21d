"""A request body: one JSON object, not too deep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from controlplane.domain.memory import MEGABYTE, hold_parsed
from controlplane.errors import InvalidRequest

MAX_DEPTH = 64
# Ten times the largest body: more is made of members that say nothing.
MAX_PARSED_BYTES = 64 * MEGABYTE
# What a member has to be where it is there, and how a sentence says it.
Rules = Mapping[str, tuple[Callable[[Any], bool], str]]


def parse_object(raw: bytes) -> dict[str, Any]:
    """Read a body. Raises InvalidRequest where it is no JSON object, nested too deep or made of too
    many members; Unavailable where the process has no room for it."""
    if not hold_parsed(raw, MAX_PARSED_BYTES):
        raise InvalidRequest("The request body has too many members.")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        # orjson's message may quote the body, which may hold what must not be in a log.
        raise InvalidRequest("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    if is_deeper(raw, body, MAX_DEPTH):
        raise InvalidRequest(f"The request body is nested deeper than {MAX_DEPTH} levels.")
    return body


def check_members(body: Mapping[str, Any], required: Iterable[str], rules: Rules) -> None:
    """Raises InvalidRequest for a member that is missing, or is not what its rule says."""
    for name in required:
        if body.get(name) is None:
            raise InvalidRequest(f"'{name}' is missing.", param=name)
    for name, (check, expected) in rules.items():
        if body.get(name) is not None and not check(body[name]):
            raise InvalidRequest(f"'{name}' must be {expected}.", param=name)


def is_deeper(raw: bytes, value: Any, limit: int) -> bool:
    """True where `value`, which is written as `raw`, has more than `limit` levels."""
    # Brackets bound the depth from above, so that ordinary values skip the walk.
    return raw.count(b"[") + raw.count(b"{") > limit and _deeper_than(value, limit)


def _deeper_than(value: Any, limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
