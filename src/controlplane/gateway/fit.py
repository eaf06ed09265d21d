"""Fit: a request that is too large for what is left is made as large as fits, where it may be."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TypeVar

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.limits import Decision, Measure
from controlplane.gateway.upper_bound import UpperBound

# A shorter answer would hardly be of use.
LEAST_OUTPUT_TOKENS = 1_024

R = TypeVar("R", bound=InferenceRequest)
BoundOf = Callable[[InferenceRequest], UpperBound]


def fitted(request: R, decision: Decision, bound_of: BoundOf, *, asked: bool) -> R | None:
    """The request with as many output tokens as fit under what `decision` says is left.

    None where the limit that refused does not allow that, or too few are left. `asked` says that
    the caller bounded the answer: where it did not, our own bound may always be a smaller one.
    """
    limit, longest = decision.refused_by, request.max_output
    if limit is None or longest is None or limit.measure not in (Measure.TOKENS, Measure.COST):
        return None
    if asked and not limit.fit:
        return None
    left = {
        measure: min(
            (
                status.remaining
                for status in decision.statuses
                if status.limit.measure is measure and not status.limit.shadow
            ),
            default=None,
        )
        for measure in (Measure.TOKENS, Measure.COST)
    }
    tokens, cost = left[Measure.TOKENS], left[Measure.COST]

    def is_too_large(output: int) -> bool:
        bound = bound_of(request.bounded(output))
        return (tokens is not None and bound.tokens > tokens) or (
            cost is not None and bound.cost_microusd > cost
        )

    least = max(LEAST_OUTPUT_TOKENS, request.least_output)
    sizes = range(least, longest)
    fitting = bisect_right(sizes, False, key=is_too_large)
    return request.bounded(sizes[fitting - 1]) if fitting else None
