"""The translators, one row each. A translator is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib import import_module
from types import ModuleType

from controlplane.domain.inference import ProtocolName
from controlplane.protocols.parameters import ParameterRows
from controlplane.translators.translation import Translate

_HUB = ProtocolName.CHAT_COMPLETIONS
_MODULES = {
    (_HUB, ProtocolName.MESSAGES): "chat_completions_to_messages",
    (ProtocolName.MESSAGES, _HUB): "messages_to_chat_completions",
    (_HUB, ProtocolName.RESPONSES): "chat_completions_to_responses",
    (ProtocolName.RESPONSES, _HUB): "responses_to_chat_completions",
}

# One protocol to another, directly.
Step = tuple[ProtocolName, ProtocolName]


def steps(spoken: ProtocolName, understood: Collection[ProtocolName]) -> tuple[Step, ...] | None:
    """The shortest way from the protocol of a request to one of a target's, the first of these
    where several are as near; none where it needs no translation, None where there is no way."""
    if spoken in understood:
        return ()
    for target in understood:
        if (spoken, target) in _MODULES:
            return ((spoken, target),)
    for target in understood:
        if (spoken, _HUB) in _MODULES and (_HUB, target) in _MODULES:
            return ((spoken, _HUB), (_HUB, target))
    return None


@cache
def translator(step: Step) -> Translate:
    """The translator of that pair."""
    found: Translate = _module(step, "translate").translate
    return found


def parameters_of(step: Step) -> ParameterRows:
    """What becomes of each parameter there."""
    rows: ParameterRows = _module(step, "parameters").PARAMETERS
    return rows


def _module(step: Step, name: str) -> ModuleType:
    return import_module(f"controlplane.translators.{_MODULES[step]}.{name}")
