"""`stored_responses`: whether providers may store answers, so that later requests build on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.policy import EffectivePolicy
from controlplane.errors import InvalidRequest
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import boolean

R = TypeVar("R", bound=InferenceRequest)


def bound_storage(request: R, policy: EffectivePolicy) -> R:
    """Where answers are not to be stored, the provider is told so. Raises InvalidRequest."""
    allowed = STORED_RESPONSES.of(policy)
    request = request.owned()
    if (refusal := _refuse(request, allowed)) is not None:
        raise refusal
    return request if allowed else request.stateless()


def _refuse(request: InferenceRequest, allowed: bool) -> InvalidRequest | None:
    name = None if allowed else request.stateful
    if name is None:
        return None
    return InvalidRequest(
        f"'{name}' is not possible: the policy lets no provider store answers. Send the whole "
        'conversation with each request, and "store": false.',
        param=name,
        code="stored_responses_not_allowed",
    )


def _merge(stated: Sequence[LevelValue[bool]]) -> bool:
    """Only where a level wants it and no level forbids it: privacy wins."""
    return all(entry.value for entry in stated)


STORED_RESPONSES: MergedRule[bool, bool] = MergedRule(
    field="stored_responses",
    shape=boolean(example=False),
    says="whether providers may store answers of `/v1/responses`, so that later requests build on "
    'them; otherwise `"store": false` is sent, and what needs a stored answer is refused',
    merges="true only where a level says true and none says false",
    merge=_merge,
    default=False,
    describe=bool,
    refuse=_refuse,
)
