"""How a JSON value is read, and the same as a JSON schema: the bounds are said once.

Reading names every fault of a value at once, each by the path of its field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from controlplane.errors import ControlPlaneError

S = TypeVar("S")
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
JsonSchema = dict[str, Any]
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
    """Collects what is wrong, so that one error names all of it."""

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


@dataclass(frozen=True, eq=False, repr=False)
class Shape(Generic[T]):
    """What a value has to look like. `read(value, field)` raises InvalidPolicy; `example` is JSON
    that it takes."""

    read: Callable[[object, str], T]
    schema: JsonSchema
    example: Any

    def then(self, convert: Callable[[T, str], S], **schema: Any) -> Shape[S]:
        """The same value made into something else; `convert(value, field)` may raise InvalidPolicy,
        and `schema` says of that what JSON schema can say."""
        read = self.read
        return Shape(
            lambda value, field: convert(read(value, field), field),
            {**self.schema, **schema},
            self.example,
        )


def such_as(field: str, expected: str, example: object) -> InvalidPolicy:
    """The fault of a value that is not what was expected, with one that would be."""
    return InvalidPolicy((field, f"{expected}, such as {json.dumps(example)}"))


def integer(low: int, high: int, *, example: int) -> Shape[int]:
    """An integer from `low` to `high`; neither `1.0` nor `true` is one."""

    def read(value: object, field: str) -> int:
        if type(value) is not int or not low <= value <= high:
            raise such_as(field, f"must be an integer from {low} to {high}", example)
        return value

    return Shape(read, {"type": "integer", "minimum": low, "maximum": high}, example)


def text(low: int, high: int, *, example: str) -> Shape[str]:
    """A string of `low` to `high` printable characters."""

    def read(value: object, field: str) -> str:
        if not isinstance(value, str) or not low <= len(value) <= high or not value.isprintable():
            expected = f"must be a string of {low} to {high} printable characters"
            raise such_as(field, expected, example)
        return value

    return Shape(read, {"type": "string", "minLength": low, "maxLength": high}, example)


def matching(pattern: str, expected: str, *, example: str) -> Shape[str]:
    """A string that the whole of `pattern` matches, in the syntax that Python and JSON schema
    share; `expected` says it in words."""
    compiled = re.compile(pattern)

    def read(value: object, field: str) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise such_as(field, expected, example)
        return value

    return Shape(read, {"type": "string", "pattern": f"^(?:{pattern})$"}, example)


def boolean(*, example: bool) -> Shape[bool]:
    """True or false."""

    def read(value: object, field: str) -> bool:
        if not isinstance(value, bool):
            raise InvalidPolicy((field, "must be true or false"))
        return value

    return Shape(read, {"type": "boolean"}, example)


def one_of(names: type[E], *, example: E) -> Shape[E]:
    """A member of an enumeration."""

    def read(value: Any, field: str) -> E:
        try:
            return names(value)
        except ValueError:
            raise InvalidPolicy((field, f"must be one of {', '.join(names)}")) from None

    return Shape(read, {"type": "string", "enum": [name.value for name in names]}, example.value)


def an_array(item: Shape[T], low: int, high: int) -> Shape[tuple[T, ...]]:
    """An array of `low` to `high` items."""

    def read(value: object, field: str) -> tuple[T, ...]:
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise such_as(field, f"must be an array of {low} to {high} items", [item.example])
        faults, found = Faults(), list[T]()
        for index, each in enumerate(value):
            with faults.noted():
                found.append(item.read(each, f"{field}.{index}"))
        faults.check()
        return tuple(found)

    schema = {"type": "array", "items": item.schema, "minItems": low, "maxItems": high}
    return Shape(read, schema, [item.example])


def either(first: Shape[T], second: Shape[T], *, is_first: Callable[[object], bool]) -> Shape[T]:
    """One of two shapes, told apart by the look of the value."""

    def read(value: object, field: str) -> T:
        return (first if is_first(value) else second).read(value, field)

    return Shape(read, {"oneOf": [first.schema, second.schema]}, first.example)


def an_object(
    fields: Mapping[str, Shape[Any]],
    *,
    required: Sequence[str] = (),
    example: Mapping[str, object] | None = None,
    **schema: Any,
) -> Shape[dict[str, Any]]:
    """An object of known fields. Its example has all of them, unless another one is given."""
    shown = example or {name: each.example for name, each in fields.items()}

    def read(value: object, field: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise such_as(field, "must be an object", shown)
        faults, found = Faults(), dict[str, Any]()
        for name in required:
            if name not in value:
                faults.add(f"{field}.{name}", "is missing")
        for name, each in value.items():
            if name in fields:
                with faults.noted():
                    found[name] = fields[name].read(each, f"{field}.{name}")
            else:
                known = f"is not a known field (known: {', '.join(fields)})"
                faults.add(f"{field}.{name[:MAX_NAME_SHOWN]}", known)
        faults.check()
        return found

    properties = {name: each.schema for name, each in fields.items()}
    object_schema: JsonSchema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return Shape(read, {**object_schema, **schema}, shown)


def a_map(name: Shape[str], item: Shape[T]) -> Shape[dict[str, T]]:
    """An object of names that are not known in advance."""
    example = {name.example: item.example}

    def read(value: object, field: str) -> dict[str, T]:
        if not isinstance(value, dict):
            raise such_as(field, "must be an object", example)
        faults, found = Faults(), dict[str, T]()
        for key, each in value.items():
            place = f"{field}.{key[:MAX_NAME_SHOWN]}"
            with faults.noted():
                found[name.read(key, place)] = item.read(each, place)
        faults.check()
        return found

    schema: JsonSchema = {
        "type": "object",
        "propertyNames": name.schema,
        "additionalProperties": item.schema,
    }
    return Shape(read, schema, example)
