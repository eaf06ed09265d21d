"""The most that a request can come to, in tokens and money, before it is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import orjson

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.limits import Measure
from controlplane.domain.policy import EffectivePolicy
from controlplane.domain.routing import Target
from controlplane.domain.usage import Usage
from controlplane.errors import InvalidRequest
from controlplane.gateway.cost_bound import cost_bound
from controlplane.gateway.ports import Provider
from controlplane.gateway.pricing import Pricing
from controlplane.policy.output_tokens import DEFAULT_MAX_OUTPUT_TOKENS

# What providers add around messages and tools: a few tokens each, which their JSON outweighs, and
# a system text for tools (Anthropic: up to 530 tokens).
# https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing
FRAME_TOKENS = 1_024


@dataclass(frozen=True, slots=True)
class UpperBound:
    """An upper bound: tokens in and out together, and micro-dollars."""

    tokens: int = 0
    cost_microusd: int = 0


NOTHING = UpperBound()
R = TypeVar("R", bound=InferenceRequest)


def upper_bound(
    request: InferenceRequest,
    targets: Iterable[Target],
    policy: EffectivePolicy,
    pricing: Pricing,
    *,
    providers: Mapping[str, Provider],
) -> UpperBound:
    """The bound over all targets; no token is shorter than a byte.

    Nothing is computed where no limit asks. Raises InvalidRequest where a cap holds and the request
    has no bound or no price.
    """
    measures = {limit.measure for limit in policy.limits}
    if request.free or not measures & {Measure.TOKENS, Measure.COST}:
        return NOTHING
    enforced = {limit.measure for limit in policy.limits if not limit.shadow}
    targets = tuple(targets)
    _check_bounded(request, strict=bool(enforced & {Measure.TOKENS, Measure.COST}))
    size = len(orjson.dumps(request.body)) if request.size is None else request.size
    prompt = size + FRAME_TOKENS + _image_tokens(request, targets, providers)
    usage = Usage(input=prompt, output=_output_tokens(request))
    tokens = usage.input + usage.output
    if Measure.COST not in measures:
        return UpperBound(tokens)
    cost = cost_bound(request, usage, targets, pricing, enforced=Measure.COST in enforced)
    return UpperBound(tokens, cost)


def at_usual_price(request: R, policy: EffectivePolicy) -> R:
    """The request, which where a cap holds is served at no other price than it asks for."""
    caps = any(limit.measure is Measure.COST and not limit.shadow for limit in policy.limits)
    return replace(request, usual_price=True) if caps else request


def _check_bounded(request: InferenceRequest, *, strict: bool) -> None:
    place = request.unbounded if strict else None
    if place is not None:
        raise InvalidRequest(
            f"How many tokens '{place}' comes to cannot be known beforehand, and the policy limits "
            "them. Send its text instead.",
            param=place,
            code="unbounded_request",
        )


def _output_tokens(request: InferenceRequest) -> int:
    if not request.generates:
        return 0
    longest = request.max_output or DEFAULT_MAX_OUTPUT_TOKENS
    return longest * request.answer_count + request.rejected_output


def _image_tokens(
    request: InferenceRequest, targets: Iterable[Target], providers: Mapping[str, Provider]
) -> int:
    images = request.image_count
    if not images:
        return 0
    # A target whose provider is not configured is never called.
    known = (target for target in targets if target.provider in providers)
    bounds = (providers[target.provider].images.bound(target.model) for target in known)
    return images * max(bounds, default=0)
