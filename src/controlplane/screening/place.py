"""How a place in a request is written: `messages.2.content`.

Members are named where their name is a plain word in which nothing was found; otherwise `#3` is the
fourth member, whatever its name. `#key` behind a place is the name itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from controlplane.screening.document import Path

KEY = "#key"
_PLAIN = re.compile(r"\A[A-Za-z_$][A-Za-z0-9_$-]{0,39}\Z")
# More digits could be the value that was found elsewhere.
_MOST_DIGITS = 4


def write(path: Path, telling: Collection[tuple[int, ...]]) -> str:
    """The place of `path`. `telling` has the positions of members whose name must not be shown."""
    steps = []
    for depth, (key, position) in enumerate(zip(path.keys, path.positions, strict=True)):
        shown = isinstance(key, int) or (
            _PLAIN.match(key)
            and sum(char.isdigit() for char in key) <= _MOST_DIGITS
            and path.positions[: depth + 1] not in telling
        )
        steps.append(str(key) if shown else f"#{position}")
    return ".".join([*steps, KEY] if path.is_key else steps)


class Reader:
    """Finds places again in the request that they were written for."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body
        self._names: dict[int, list[str]] = {}

    def read(self, written: str) -> tuple[tuple[str | int, ...], bool]:
        """The keys and indices that lead there, and whether the place is the last key itself.

        Raises LookupError or ValueError where it is no place of the request.
        """
        steps = written.split(".")
        is_key = steps[-1] == KEY
        path: list[str | int] = []
        value: Any = self._body
        for step in steps[:-1] if is_key else steps:
            key = self._member(value, step) if isinstance(value, Mapping) else int(step)
            path.append(key)
            value = value[key]
        return tuple(path), is_key

    def _member(self, value: Mapping[str, Any], step: str) -> str:
        if not step.startswith("#"):
            return step
        # Listed once: an object may have many names that must not be shown.
        if id(value) not in self._names:
            self._names[id(value)] = list(value)
        return self._names[id(value)][int(step[1:])]
