"""Read tokens: an input that comes as tokens is screened as the text that they stand for."""

from __future__ import annotations

from typing import TypeVar

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.routing import Routes
from controlplane.gateway.route import targets_of
from controlplane.policy.screening import Action, ScreeningPolicy
from controlplane.screening.vocabulary import is_read, text_of

R = TypeVar("R", bound=InferenceRequest)


def read_tokens(request: R, routes: Routes, policy: ScreeningPolicy) -> R:
    """The request with the texts of its tokens, where every target reads them alike.

    The tokens stay as they are: only what is redacted is sent on as text.
    """
    if not (request.unreadable and _screens(policy)):
        return request
    targets = targets_of(request.model, routes)
    if not targets or not all(is_read(target.model) for target in targets):
        return request
    return request.read(text_of)


def _screens(policy: ScreeningPolicy) -> bool:
    actions = (policy.pii, policy.secrets, *policy.overrides.values())
    return any(action is not Action.OFF for action in actions)
