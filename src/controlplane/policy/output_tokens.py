"""`max_output_tokens`: the longest answer that may be asked for. The smallest of all levels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.limits import Limit, Measure
from controlplane.domain.policy import EffectivePolicy
from controlplane.errors import InvalidRequest
from controlplane.policy.ceilings import ceiling
from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import integer

MAX_TOKENS = 1_000_000
# Sent upstream where tokens or money are limited and nothing says how long an answer may be.
DEFAULT_MAX_OUTPUT_TOKENS = 4096

R = TypeVar("R", bound=InferenceRequest)
# The level with the smallest maximum; None where no level has one.
Smallest = LevelValue[int] | None


def bound_output(request: R, policy: EffectivePolicy, models: Iterable[str]) -> R:
    """Where the caller set no bound, one is sent upstream: it has to be real.

    It is the policy's; else, under a limit, the smallest that the models which may answer have by
    themselves, or the default where one of them is not known to think first.
    """
    if not request.generates or request.max_output is not None:
        return request
    smallest = MAX_OUTPUT_TOKENS.of(policy)
    if smallest is not None:
        return request.bounded(smallest.value)
    if any(_needs_bound(limit) for limit in policy.limits):
        longest = [
            (request.reasons(model) and ceiling(model)) or DEFAULT_MAX_OUTPUT_TOKENS
            for model in models
        ]
        return request.bounded(min(longest, default=DEFAULT_MAX_OUTPUT_TOKENS))
    return request


def _needs_bound(limit: Limit) -> bool:
    return limit.measure in (Measure.TOKENS, Measure.COST) and not limit.shadow


def _refuse(request: InferenceRequest, smallest: Smallest) -> InvalidRequest | None:
    if smallest is None or not request.generates:
        return None
    for name in request.output_limits:
        if (request.body.get(name) or 0) > smallest.value:
            return InvalidRequest(
                f"The policy of the {smallest.level.noun} allows at most {smallest.value} "
                f"for '{name}'.",
                param=name,
            )
    return None


def _merge(stated: Sequence[LevelValue[int]]) -> LevelValue[int]:
    return min(stated, key=lambda entry: entry.value)


MAX_OUTPUT_TOKENS: MergedRule[int, Smallest] = MergedRule(
    field="max_output_tokens",
    shape=integer(1, MAX_TOKENS, example=4096),
    says="the longest answer that may be asked for, sent upstream where a request names none; "
    f"under `token_limits` or `cost_caps` {DEFAULT_MAX_OUTPUT_TOKENS:,} where no level says "
    "anything, and for models that think first the most that they can, or what fits",
    merges="the smallest",
    merge=_merge,
    default=None,
    describe=lambda smallest: None if smallest is None else smallest.value,
    refuse=_refuse,
)
