"""What becomes of each parameter of OpenAI's chat schema, at each kind of provider.

The one table; `docs/PROVIDERS.md` is made from it, and a test holds it against OpenAI's own schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controlplane.errors import UnsupportedParameter


class Fate(StrEnum):
    """What a provider does with a parameter. Nothing is left out unless it is harmless."""

    PASSED = "passed on"
    TRANSLATED = "translated"
    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row. A value equal to `default` asks for nothing, so nobody refuses it."""

    name: str
    anthropic: Fate
    default: Any = None
    note: str = ""


P, T, R, I = Fate.PASSED, Fate.TRANSLATED, Fate.REFUSED, Fate.IGNORED  # noqa: E741

_ROWS: tuple[Parameter, ...] = (
    Parameter("model", T),
    Parameter("messages", T),
)
PARAMETERS: Mapping[str, Parameter] = {row.name: row for row in _ROWS}


def fate(kind: str, name: str) -> Fate:
    """What becomes of `name`. OpenAI and Azure judge what nobody knows; elsewhere it is refused."""
    if kind in ("openai", "azure"):
        return Fate.PASSED
    row = PARAMETERS.get(name)
    return row.anthropic if row else Fate.REFUSED


def check(kind: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The parameters of `body` that are left out. Raises UnsupportedParameter."""
    ignored: list[str] = []
    for name, value in body.items():
        if kind in ("openai", "azure") or value is None:
            continue
        row = PARAMETERS.get(name)
        if row is not None and value == row.default:
            continue
        outcome = fate(kind, name)
        if outcome is Fate.REFUSED:
            raise UnsupportedParameter(name, kind)
        if outcome is Fate.IGNORED:
            ignored.append(name)
    return tuple(ignored)
