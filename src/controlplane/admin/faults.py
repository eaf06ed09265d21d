"""A request that does not say what it should: all its faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from controlplane.errors import InvalidRequest

MAX_FAULTS_SHOWN = 100
MAX_NAME_SHOWN = 64
# The type of a pydantic error that is worded by us.
FAULT = "fault"


class InvalidDocument(InvalidRequest):
    """`faults` are pairs of a field and what it must be; `param` is the first field."""

    # With fewer faults, the message says it all.
    listed_from: ClassVar[int] = 2

    def __init__(self, what: str, faults: Sequence[tuple[str, str]]) -> None:
        field, expected = faults[0]
        first = f"'{field}' {expected}."
        count = len(faults)
        message = first if count == 1 else f"The {what} has {count} faults. The first: {first}"
        super().__init__(message, param=field)
        self.faults = faults

    def envelope(self) -> dict[str, Any]:
        """OpenAI's error object; where there are several faults, the first hundred as `errors`."""
        envelope = super().envelope()
        if len(self.faults) >= self.listed_from:
            envelope["error"]["errors"] = [
                {"field": field, "message": message}
                for field, message in self.faults[:MAX_FAULTS_SHOWN]
            ]
        return envelope


def faults_of(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pairs of a field and what it must be, out of pydantic's errors; nothing of the input."""
    return [
        (
            ".".join(shown(str(part)) for part in each["loc"]),
            each["msg"] if each["type"] == FAULT else "is not valid",
        )
        for each in errors
    ]


def shown(name: str) -> str:
    """A name that was sent, as it may be repeated."""
    return name[:MAX_NAME_SHOWN] if name.isprintable() else "?"
