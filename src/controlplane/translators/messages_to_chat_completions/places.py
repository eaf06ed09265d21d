"""Reading parts of a request for a server of chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.protocols.parameters import MAX_LEFT_OUT, is_name
from controlplane.translators.places import LeftOut, Places

_PLACES = Places("chat completion")
refuse = _PLACES.refuse
an_object, a_list, a_text = _PLACES.an_object, _PLACES.a_list, _PLACES.a_text

CACHE_CONTROL = "cache_control"


class Losses(LeftOut):
    """What is left out, and what would have to be although it is not known what it means."""

    def __init__(self, *, lenient: bool = False) -> None:
        super().__init__()
        self._lenient = lenient

    def others(self, value: Mapping[str, Any], known: frozenset[str], place: str) -> None:
        """Raises UnsupportedParameter for a member that is not known, unless it may be left out."""
        for name in value:
            if name in known or value[name] is None:
                continue
            if not (self._lenient and is_name(name) and len(self.places) < MAX_LEFT_OUT):
                refuse(f"{place}.{name}", "it is not known here")
            self.add(f"{place}.{name}")

    def named(self, value: Mapping[str, Any], names: frozenset[str], place: str) -> None:
        """Those of these members that say something are left out."""
        for name in value:
            if name in names and value[name] not in (None, False, [], {}):
                self.add(f"{place}.{name}")


def cache_mark(value: Mapping[str, Any]) -> dict[str, Any]:
    """The member `cache_control`, as it is: the target reads it, or is not sent it."""
    mark = value.get(CACHE_CONTROL)
    return {} if mark is None else {CACHE_CONTROL: mark}
