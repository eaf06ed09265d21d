"""Reading parts of a request: what does not fit is refused by its place, never by its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from controlplane.errors import UnsupportedParameter


class Places:
    """Reads for a provider, which the refusals name."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def refuse(self, place: str, why: str = "") -> NoReturn:
        """Raise UnsupportedParameter for `place`, such as `messages.0.content.1`."""
        raise UnsupportedParameter(place, self._provider, why)

    def an_object(self, value: Any, place: str) -> Mapping[str, Any]:
        """`value` as a JSON object. Raises UnsupportedParameter where it is none."""
        if not isinstance(value, Mapping):
            self.refuse(place, "it must be an object")
        return value

    def a_list(self, value: Any, place: str) -> Sequence[Any]:
        """`value` as an array; absent is empty. Raises UnsupportedParameter where it is none."""
        if value is None:
            return ()
        if not isinstance(value, list):
            self.refuse(place, "it must be an array")
        return value

    def a_text(self, value: Any, place: str) -> str:
        """`value` as a string. Raises UnsupportedParameter where it is none."""
        if not isinstance(value, str):
            self.refuse(place, "it must be a string")
        return value

    def only(self, value: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        """Raise UnsupportedParameter for a member that says something and is not translated."""
        for name in value:
            if name not in known and value[name] is not None:
                self.refuse(f"{place}.{name}")


class LeftOut:
    """What a translation leaves out although it said something: each member at its first place."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def add(self, place: str) -> None:
        """`place` is left out, such as `messages.0.name`."""
        self._places.setdefault(place.rpartition(".")[2], place)

    def others(self, value: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        """The members of `value` at `place` that are not known are left out."""
        for name in value:
            if name not in known and value[name] is not None:
                self.add(f"{place}.{name}")

    @property
    def places(self) -> tuple[str, ...]:
        """In the order in which they were met."""
        return tuple(self._places.values())
