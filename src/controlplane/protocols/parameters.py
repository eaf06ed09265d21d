"""What becomes of each parameter of a protocol where a target does not have it, or by another name.

Which are there stands with each protocol, what becomes of them with each translator.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controlplane.errors import UnsupportedParameter


class Fate(StrEnum):
    """What becomes of a parameter that a target does not have, by what leaving it out would do."""

    # It concerns cost or sampling taste: the answer is one to the same question.
    TASTE = "left out"
    # The answer may differ from what was asked, within the question.
    DETAIL = "refused; left out under `ignore`"
    # It would be an answer to another question, of another form, or without a bound.
    MEANING = "refused"


@dataclass(frozen=True, slots=True)
class Leniency:
    """What becomes of a parameter, and what it is that would be lost."""

    fate: Fate
    why: str


# One that the protocol does not have either: what it would do is not known.
UNKNOWN = Leniency(Fate.DETAIL, "not known here")
# What is left out is named in a header and in the audit trail: neither is for text of a caller.
MAX_LEFT_OUT = 32
_NAME = re.compile(r"\A[A-Za-z0-9_.-]{1,64}\Z")


def is_name(name: str) -> bool:
    """True where it looks like the name of a parameter, or a place in one."""
    return _NAME.match(name) is not None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The parameters of a protocol: what they are where a request does not say, and what becomes
    of each where a target does not have it."""

    defaults: Mapping[str, Any]
    losses: Mapping[str, Leniency]

    def may_leave_out(self, name: str, *, lenient: bool) -> bool:
        """True where a target that does not have the parameter is called without it."""
        known = self.losses.get(name)
        if known is None:
            return lenient and is_name(name)
        return known.fate is Fate.TASTE or (lenient and known.fate is Fate.DETAIL)


class Handling(StrEnum):
    """What a provider does with a parameter; for one that it does not have, LOSSES says the rest.

    Nothing is lost silently.
    """

    PASSED = "passed on"
    TRANSLATED = "translated"
    GATEWAY = "done by the gateway"
    MISSING = "not there"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row: what becomes of a parameter, and how."""

    handling: Handling
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request's body without what its target does not have, and the names to be told."""

    body: Mapping[str, Any]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterRows:
    """The rows of a translator or a kind, and what becomes of a parameter that has none."""

    vocabulary: Vocabulary
    rows: Mapping[str, Parameter]
    others: Parameter

    def of(self, name: str) -> Parameter:
        """What becomes of `name`."""
        return self.rows.get(name, self.others)

    def fit(
        self,
        provider: str,
        body: Mapping[str, Any],
        *,
        lenient: bool,
        unsupported: Collection[str] = (),
    ) -> Fitted:
        """What `provider` is sent of `body`; `unsupported` is what it lacks beside its kind's rows.

        Raises UnsupportedParameter for what may not be left out.
        """
        kept: dict[str, Any] = {}
        left_out: list[str] = []
        may_leave_out = self.vocabulary.may_leave_out
        for name, value in body.items():
            row = self.rows.get(name, self.others)
            if row.handling is not Handling.MISSING and name not in unsupported:
                kept[name] = value
            elif value is None or value == self.vocabulary.defaults.get(name):
                continue
            elif len(left_out) < MAX_LEFT_OUT and may_leave_out(name, lenient=lenient):
                left_out.append(name)
            else:
                raise UnsupportedParameter(name, provider, row.note)
        return Fitted(kept, tuple(left_out))
