"""Reading a request for a provider: what does not fit is refused or left out by its place, and
never by its value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from controlplane.protocols.parameters import MAX_LEFT_OUT, Fate, is_name
from controlplane.translators.places import Places

_DIGEST = 16


class Reading(Places):
    """One request on its way to a model. `lenient` says that details may be left out."""

    def __init__(self, provider: str, model: str, *, lenient: bool) -> None:
        super().__init__(provider)
        name = f"{provider}\0{model}".encode("utf-8", "surrogatepass")
        self.maker = hashlib.sha256(name).hexdigest()[:_DIGEST]
        """Who thinks there, in a form that names neither."""
        self._lenient = lenient
        self._left_out: dict[str, str] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """The places of what is left out although it said something, of each sort the first."""
        return tuple(self._left_out.values())

    def leave_out(self, place: str, sort: str | None = None) -> None:
        """`place` is left out; `sort` is the name of its last member unless given.

        Raises UnsupportedParameter where it cannot be named.
        """
        sort = sort or place.rpartition(".")[2]
        if sort in self._left_out:
            return
        if len(self._left_out) >= MAX_LEFT_OUT or not is_name(place):
            self.refuse(place)
        self._left_out[sort] = place

    def lack(self, place: str, fate: Fate, why: str = "") -> None:
        """The provider has no `place`. Raises UnsupportedParameter where it may not be left out."""
        if fate is Fate.TASTE or (self._lenient and fate is Fate.DETAIL):
            self.leave_out(place)
        else:
            self.refuse(place, why)

    def only(self, value: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        """Nothing but what is known may say something: what else would do is not known."""
        for name, member in value.items():
            if name not in known and member is not None:
                self.lack(f"{place}.{name}" if place else name, Fate.DETAIL)

    def echoed(self, value: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        """Of an answer that comes back, what is not known is left out: it is no question."""
        for name, member in value.items():
            if name not in known and member is not None:
                self.leave_out(f"{place}.{name}")
