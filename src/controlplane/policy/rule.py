"""What a rule is: a field of the policy document that can be read, and merged over the levels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from controlplane.domain.access import Level
from controlplane.errors import ControlPlaneError

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Reader = Callable[[Any, str], T]
MAX_NAME_SHOWN = 64


class InvalidPolicy(ControlPlaneError):
    """A policy document does not say what it should.

    `errors` are all faults as (path of the field, what it must be); `field` and `message` the first
    of them.
    """

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors))
        self.errors = errors
        self.field, self.message = errors[0]


class Faults:
    """Collects what is wrong, so that one answer names all of it."""

    def __init__(self) -> None:
        self._errors: list[tuple[str, str]] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """What is raised inside is kept for `check`."""
        try:
            yield
        except InvalidPolicy as fault:
            self._errors += fault.errors

    def add(self, field: str, message: str) -> None:
        """Note one fault."""
        self._errors.append((field, message))

    def check(self) -> None:
        """Raises InvalidPolicy with all that was noted."""
        if self._errors:
            raise InvalidPolicy(*self._errors)


@dataclass(frozen=True, slots=True)
class LevelValue(Generic[T]):
    """What one level says about one field. `scope` names its counters: `app-456`."""

    level: Level
    scope: str
    value: T


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """A row of RULES.

    `parse(value, field)` raises InvalidPolicy. `merge` gets what each level stated, widest level
    first, levels that say nothing left out; None where the field is about its own document.
    `merges` is the same in words, for people. `has_shadow` is False for what cannot be tried out.
    """

    field: str
    parse: Reader[T]
    merge: Callable[[Sequence[LevelValue[T]]], Any] | None
    merges: str
    has_shadow: bool = True


def read_object(
    value: Any, field: str, readers: Mapping[str, Reader[Any]], required: Sequence[str] = ()
) -> dict[str, Any]:
    """`value` as an object, each of its fields by its reader; the faults of all fields at once."""
    if not isinstance(value, dict):
        raise InvalidPolicy((field, "must be an object"))
    faults, read = Faults(), dict[str, Any]()
    for name in required:
        if name not in value:
            faults.add(f"{field}.{name}", "is missing")
    for name, item in value.items():
        if name not in readers:
            faults.add(f"{field}.{name[:MAX_NAME_SHOWN]}", _unknown(readers))
            continue
        with faults.noted():
            read[name] = readers[name](item, f"{field}.{name}")
    faults.check()
    return read


def _unknown(readers: Mapping[str, Reader[Any]]) -> str:
    return f"is not a known field (known: {', '.join(readers)})"


def read_array(value: Any, field: str, reader: Reader[T], low: int, high: int) -> tuple[T, ...]:
    """`value` as an array of `low` to `high` items; the faults of all items at once."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise InvalidPolicy((field, f"must be an array of {low} to {high} items"))
    faults, read = Faults(), list[T]()
    for index, item in enumerate(value):
        with faults.noted():
            read.append(reader(item, f"{field}.{index}"))
    faults.check()
    return tuple(read)


def integer(low: int, high: int) -> Reader[int]:
    """Reads an integer from `low` to `high`; neither `1.0` nor `true` is one."""

    def read(value: Any, field: str) -> int:
        if type(value) is not int or not low <= value <= high:
            raise InvalidPolicy((field, f"must be an integer from {low} to {high}"))
        return value

    return read


def text(low: int, high: int) -> Reader[str]:
    """Reads a string of `low` to `high` printable characters."""

    def read(value: Any, field: str) -> str:
        if not isinstance(value, str) or not low <= len(value) <= high or not value.isprintable():
            raise InvalidPolicy(
                (field, f"must be a string of {low} to {high} printable characters")
            )
        return value

    return read


def boolean(value: Any, field: str) -> bool:
    """Reads true or false."""
    if not isinstance(value, bool):
        raise InvalidPolicy((field, "must be true or false"))
    return value


def one_of(names: type[E]) -> Reader[E]:
    """Reads a member of an enumeration."""

    def read(value: Any, field: str) -> E:
        try:
            return names(value)
        except ValueError:
            known = ", ".join(names)
            raise InvalidPolicy((field, f"must be one of {known}")) from None

    return read
