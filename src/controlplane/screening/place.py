"""How a place in a request is written: `messages.2.content`.

Members are named where their name is a plain word in which nothing was found; otherwise `#3` is the
fourth member, whatever its name. `#key` behind a place is the name itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from controlplane.screening.document import Node

KEY = "#key"
_PLAIN = re.compile(r"\A[A-Za-z_$][A-Za-z0-9_$-]{0,39}\Z")

Positions = tuple[int, ...]


def positions(path: Sequence[Node]) -> Positions:
    """The path by numbers alone; sorts as the request reads."""
    return tuple(node.position for node in path)


def write(path: Sequence[Node], is_key: bool, telling: Collection[Positions]) -> str:
    """The place of `path`. `telling` has the paths whose last name must not be shown."""
    steps = [
        str(node.key) if _may_be_shown(node.key, path[: depth + 1], telling) else f"#{node.position}"
        for depth, node in enumerate(path)
    ]
    return ".".join([*steps, KEY] if is_key else steps)


def _may_be_shown(
    key: str | int, path: Sequence[Node], telling: Collection[Positions]
) -> bool:
    return isinstance(key, int) or (
        _PLAIN.match(key) is not None and positions(path) not in telling
    )


def read(body: Mapping[str, Any], place: str) -> tuple[tuple[str | int, ...], bool]:
    """The keys and indices that lead to a place in `body`, and whether the last one itself is it.

    Raises LookupError where the place is not one of `body`.
    """
    steps = place.split(".")
    is_key = steps[-1] == KEY
    path: list[str | int] = []
    value: Any = body
    for step in steps[:-1] if is_key else steps:
        if isinstance(value, Mapping):
            key: str | int = list(value)[int(step[1:])] if step.startswith("#") else step
        else:
            key = int(step)
        path.append(key)
        value = value[key]
    return tuple(path), is_key
