"""Lua scripts: one file each, in their own language."""

from functools import cache
from importlib.resources import files


@cache
def script(name: str) -> str:
    """The text of one."""
    return (files(__name__) / name).read_text(encoding="utf-8")
