"""Values that may be replaced while the process runs: keys, passwords, peppers."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Rotating(Protocol[T]):
    """A value that is read again and again, and never kept by its reader."""

    async def current(self) -> T:
        """The value in force. Raises ConfigurationError, or Unreachable where none is known yet."""
        ...

    async def renewed(self, refused: T) -> T | None:
        """The value in force after `refused` was turned down; None where it is still that one."""
        ...


class Constant(Generic[T]):
    """A value of the settings: it holds for the life of the process."""

    def __init__(self, value: T) -> None:
        self._value = value

    async def current(self) -> T:
        """The value."""
        return self._value

    async def renewed(self, refused: T) -> T | None:
        """None: there is no other."""
        return None
