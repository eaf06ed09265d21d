"""What becomes of each parameter of OpenAI's chat schema at a kind of provider.

Which are there, and what they are where a request does not say, is OpenAI's; a test holds the names
against its schema. What becomes of them stands with each kind.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controlplane.errors import UnsupportedParameter

# A value equal to the default asks for nothing, so it is not refused.
DEFAULTS: Mapping[str, Any] = {
    "model": None,
    "messages": None,
    "stream": False,
    "stream_options": None,
    "max_completion_tokens": None,
    "max_tokens": None,
    "temperature": 1,
    "top_p": 1,
    "stop": None,
    "tools": None,
    "tool_choice": None,
    "parallel_tool_calls": True,
    "response_format": {"type": "text"},
    "reasoning_effort": None,
    "safety_identifier": None,
    "user": None,
    "service_tier": "auto",
    "n": 1,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "top_logprobs": 0,
    "modalities": ["text"],
    "audio": None,
    "verbosity": "medium",
    "web_search_options": None,
    "moderation": None,
    "functions": [],
    "function_call": None,
    "seed": None,
    "prediction": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "prompt_cache_options": None,
    "store": False,
    "metadata": None,
}


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


_T, _D, _M = Fate.TASTE, Fate.DETAIL, Fate.MEANING
LOSSES: Mapping[str, Leniency] = {
    "model": Leniency(_M, "which model answers"),
    "messages": Leniency(_M, "the question"),
    "stream": Leniency(_M, "the form of the answer"),
    "stream_options": Leniency(_T, "what is told of the usage"),
    "max_completion_tokens": Leniency(_M, "the bound of the answer and its cost"),
    "max_tokens": Leniency(_M, "the bound of the answer and its cost"),
    "temperature": Leniency(_T, "sampling"),
    "top_p": Leniency(_T, "sampling"),
    "stop": Leniency(_M, "where the answer ends"),
    "tools": Leniency(_M, "what the model may do"),
    "tool_choice": Leniency(_M, "what the model has to do"),
    "parallel_tool_calls": Leniency(_D, "how many calls come at once"),
    "response_format": Leniency(_M, "the form of the answer"),
    "reasoning_effort": Leniency(_D, "how long the model thinks"),
    "safety_identifier": Leniency(_T, "a name for the provider's own checks"),
    "user": Leniency(_T, "a name for the provider's own checks"),
    "service_tier": Leniency(_D, "price and speed: the other tier may be the dearer one"),
    "n": Leniency(_M, "how many answers there are"),
    "frequency_penalty": Leniency(_T, "sampling"),
    "presence_penalty": Leniency(_T, "sampling"),
    "logit_bias": Leniency(_D, "which words may come"),
    "logprobs": Leniency(_D, "what is told beside the answer"),
    "top_logprobs": Leniency(_D, "what is told beside the answer"),
    "modalities": Leniency(_M, "the form of the answer"),
    "audio": Leniency(_M, "the form of the answer"),
    "verbosity": Leniency(_D, "how long the answer is"),
    "web_search_options": Leniency(_M, "what the model may look up"),
    "moderation": Leniency(_M, "a check that was asked for"),
    "functions": Leniency(_M, "what the model may do"),
    "function_call": Leniency(_M, "what the model has to do"),
    "seed": Leniency(_T, "sampling: best effort at OpenAI too"),
    "prediction": Leniency(_T, "speed"),
    "prompt_cache_key": Leniency(_T, "cost"),
    "prompt_cache_retention": Leniency(_T, "cost"),
    "prompt_cache_options": Leniency(_T, "cost"),
    "store": Leniency(_T, "whether the provider keeps the answer: it does not"),
    "metadata": Leniency(_T, "labels of stored answers"),
}
# One that OpenAI does not have either: what it would do is not known.
UNKNOWN = Leniency(_D, "not known here")
# What is left out is named in a header and in the audit trail: neither is for text of a caller.
MAX_LEFT_OUT = 32
_NAME = re.compile(r"\A[A-Za-z0-9_.-]{1,64}\Z")


def may_leave_out(name: str, *, lenient: bool) -> bool:
    """True where a target that does not have the parameter is called without it."""
    known = LOSSES.get(name)
    if known is None:
        return lenient and _NAME.match(name) is not None
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
    """The rows of a kind, and what becomes of a parameter that has none."""

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
        for name, value in body.items():
            row = self.rows.get(name, self.others)
            if row.handling is not Handling.MISSING and name not in unsupported:
                kept[name] = value
            elif value is None or value == DEFAULTS.get(name):
                continue
            elif may_leave_out(name, lenient=lenient) and len(left_out) < MAX_LEFT_OUT:
                left_out.append(name)
            else:
                raise UnsupportedParameter(name, provider, row.note)
        return Fitted(kept, tuple(left_out))


# OpenAI, and what is compatible with it, judges unknown parameters.
PASSED_ON = ParameterRows(
    {"model": Parameter(Handling.TRANSLATED, "the target of the route")},
    others=Parameter(Handling.PASSED),
)
