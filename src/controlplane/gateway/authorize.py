"""Authorize: may this caller ask for this at all? What does not depend on what others do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from controlplane.domain.access import INFERENCE_ROLES, EffectivePolicy
from controlplane.domain.inference import InferenceRequest
from controlplane.domain.limits import Limit, Measure
from controlplane.errors import GatewayError, InvalidRequest, PermissionDenied
from controlplane.gateway.record import Trail
from controlplane.policy.model_access import is_allowed
from controlplane.policy.parameters import refused_parameter

# Sent upstream where tokens or money are limited and nobody said how long an answer may be.
DEFAULT_MAX_OUTPUT_TOKENS = 4096
OUTPUT_LIMITS = ("max_tokens", "max_completion_tokens")

R = TypeVar("R", bound=InferenceRequest)


def authorize(request: R, policy: EffectivePolicy, trail: Trail) -> R:
    """The request, its output bounded. Raises PermissionDenied and InvalidRequest.

    What a policy on trial would refuse is noted in the trail.
    """
    caller = trail.caller
    if caller.role not in INFERENCE_ROLES:
        raise PermissionDenied(f"The role '{caller.role}' may not call models.")
    if caller.application_id is None:
        raise PermissionDenied("This credential belongs to no application, so it has no limits.")
    for _, refusal in _refusals(request, policy):
        raise refusal
    if policy.shadow is not None:
        trail.shadow += tuple(rule for rule, _ in _refusals(request, policy.shadow))
    return _bound_output(request, policy)


def _refusals(
    request: InferenceRequest, policy: EffectivePolicy
) -> Iterator[tuple[str, GatewayError]]:
    """What the policy refuses, each under the name of its rule."""
    if not is_allowed(request.model, policy.model_allow):
        message = f"The policy does not allow the model '{request.model}'."
        yield "models", PermissionDenied(message, param="model")
    name = refused_parameter(request.body, policy.parameters)
    if name is not None:
        message = f"The policy does not allow the parameter '{name}'."
        yield "parameters", PermissionDenied(message, param=name)
    maximum = policy.max_output_tokens
    if maximum is None or not request.generates:
        return
    for name in OUTPUT_LIMITS:
        if (request.body.get(name) or 0) > maximum:
            message = f"The policy allows at most {maximum} for '{name}'."
            yield "max_output_tokens", InvalidRequest(message, param=name)
            return


def _bound_output(request: R, policy: EffectivePolicy) -> R:
    """Where the caller set no bound, one is sent upstream: it has to be real."""
    if not request.generates or any(request.body.get(name) is not None for name in OUTPUT_LIMITS):
        return request
    maximum = policy.max_output_tokens
    if maximum is None and any(_needs_bound(limit) for limit in policy.limits):
        maximum = DEFAULT_MAX_OUTPUT_TOKENS
    return request if maximum is None else request.replace(max_completion_tokens=maximum)


def _needs_bound(limit: Limit) -> bool:
    return limit.measure in (Measure.TOKENS, Measure.COST) and not limit.shadow
