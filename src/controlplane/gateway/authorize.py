"""Authorize: may this caller ask for this at all? What does not depend on what others do."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.domain.access import INFERENCE_ROLES, Caller
from controlplane.domain.inference import InferenceRequest
from controlplane.domain.policy import EffectivePolicy
from controlplane.errors import GatewayError, PermissionDenied
from controlplane.gateway.record import Trail
from controlplane.policy.rules import REFUSING


def authorize(request: InferenceRequest, policy: EffectivePolicy, trail: Trail) -> None:
    """Nothing where it may.

    What a policy on trial would refuse is noted in the trail. Raises PermissionDenied and
    InvalidRequest.
    """
    check_role(trail.caller)
    for _, refusal in _refusals(request, policy):
        raise refusal
    if policy.shadow is not None:
        trail.shadow += tuple(field for field, _ in _refusals(request, policy.shadow))


def check_role(caller: Caller) -> None:
    """Raises PermissionDenied where the caller may not call models at all."""
    if caller.role not in INFERENCE_ROLES:
        raise PermissionDenied(f"The role '{caller.role}' may not call models.")
    if caller.application_id is None:
        raise PermissionDenied("This credential belongs to no application, so it has no limits.")


def _refusals(
    request: InferenceRequest, policy: EffectivePolicy
) -> Iterator[tuple[str, GatewayError]]:
    """What the policy refuses, each under the name of its rule."""
    for field, refuse in REFUSING:
        if field in policy.merged:
            refusal = refuse(request, policy.merged[field])
            if refusal is not None:
                yield field, refusal
