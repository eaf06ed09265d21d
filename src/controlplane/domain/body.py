"""A request body: one JSON object, not too deep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from controlplane.errors import InvalidRequest

MAX_DEPTH = 64
# What a member has to be where it is there, and how a sentence says it.
Rules = Mapping[str, tuple[Callable[[Any], bool], str]]


def parse_object(raw: bytes) -> dict[str, Any]:
    """Read a body. Raises InvalidRequest where it is no JSON object or nested too deep."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        # orjson's message may quote the body, which may hold what must not be in a log.
        raise InvalidRequest("The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    # Brackets bound the depth from above, so that ordinary requests skip the walk.
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _deeper_than(body, MAX_DEPTH):
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
