"""A request as a Claude model takes it: what is sent, and what is left out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.domain.inference import InferenceRequest
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.chat_completions.parameters import CHAT
from controlplane.translators.chat_completions_to_messages.parameters import PARAMETERS
from controlplane.translators.chat_completions_to_messages.places import LeftOut
from controlplane.translators.chat_completions_to_messages.request import MAX_TEMPERATURE, translate

# From Opus 4.7 on, models refuse any value but the default.
# https://platform.claude.com/docs/en/about-claude/models/migration-guide
_WITHOUT_SAMPLING = re.compile(r"claude-(opus-4[-.][7-9]|mythos|[a-z]+-([5-9]|[1-9]\d)(?!\d))")
_SAMPLING = ("temperature", "top_p")


@dataclass(frozen=True, slots=True)
class Sent:
    """The body of `POST /v1/messages`, and the parameters that say nothing in it."""

    body: dict[str, Any]
    left_out: tuple[str, ...]


def fit(provider: str, request: InferenceRequest, model: str, *, stream: bool = False) -> Sent:
    """What `model` is sent. Some parameters it has, but not this value, or not beside another one.

    Raises UnsupportedParameter for a parameter, or a place in one, that may not be left out.
    """
    fitted = PARAMETERS.fit(provider, request.body, lenient=request.lenient)
    untaken = _sampling_not_taken(fitted.body, model)
    body = {name: value for name, value in fitted.body.items() if name not in untaken}
    names = [*fitted.left_out, *untaken]
    while True:
        places = LeftOut()
        try:
            sent = translate(body, model, stream=stream, left_out=places)
        except UnsupportedParameter as refusal:
            name = refusal.param
            # A place inside a parameter is none of these.
            if name not in body or not _may_leave_out(name, body[name], lenient=request.lenient):
                raise
            del body[name]
            names.append(name)
        else:
            return Sent(sent, (*names, *places.places))


def _sampling_not_taken(body: Mapping[str, Any], model: str) -> tuple[str, ...]:
    if not _WITHOUT_SAMPLING.search(model):
        return ()
    return tuple(name for name in _SAMPLING if body.get(name) not in (None, 1))


def _may_leave_out(name: str, value: Any, *, lenient: bool) -> bool:
    if name == "temperature" and value > MAX_TEMPERATURE:
        # The model has it: the value is what is wrong.
        return lenient
    return CHAT.may_leave_out(name, lenient=lenient)
