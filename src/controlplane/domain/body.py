"""A request body: one JSON object, not too deep."""

from __future__ import annotations

from typing import Any

import orjson

from controlplane.errors import InvalidRequest

MAX_DEPTH = 64


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
