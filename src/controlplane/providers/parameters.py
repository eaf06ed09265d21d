"""What becomes of each parameter of OpenAI's chat schema at a kind of provider.

Which are there, and what they are where a request does not say, is OpenAI's; a test holds the names
against its schema. What becomes of them stands with each kind.
"""

from __future__ import annotations

from collections.abc import Mapping
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


class Handling(StrEnum):
    """What a provider does with a parameter. Nothing is left out unless it is harmless."""

    PASSED = "passed on"
    TRANSLATED = "translated"
    GATEWAY = "done by the gateway"
    REFUSED = "refused"
    IGNORED = "ignored"


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

    def check(self, kind: str, body: Mapping[str, Any]) -> tuple[str, ...]:
        """The parameters of `body` that are left out. Raises UnsupportedParameter."""
        ignored: list[str] = []
        for name, value in body.items():
            row = self.rows.get(name, self.others)
            if row.handling not in _LOSING or value is None or value == DEFAULTS.get(name):
                continue
            if row.handling is Handling.REFUSED:
                raise UnsupportedParameter(name, kind, row.note)
            ignored.append(name)
        return tuple(ignored)


_LOSING = (Handling.REFUSED, Handling.IGNORED)

# OpenAI, and what is compatible with it, judges unknown parameters.
PASSED_ON = ParameterRows(
    {"model": Parameter(Handling.TRANSLATED, "the target of the route")},
    others=Parameter(Handling.PASSED),
)
