"""Lua scripts: one file each, in their own language."""

from functools import cache
from importlib.resources import files


@cache
def script(*names: str) -> str:
    """The text of one; of several, one behind the other, where they share functions."""
    return "\n".join((files(__name__) / name).read_text(encoding="utf-8") for name in names)
