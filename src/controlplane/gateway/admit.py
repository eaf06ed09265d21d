"""Admit: may this caller ask for this model now? One round trip decides all limits together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from controlplane.domain.access import (
    Caller,
    Decision,
    EffectivePolicy,
    LimitStatus,
    Role,
    WhenDown,
)
from controlplane.domain.inference import InferenceRequest
from controlplane.errors import (
    InvalidRequest,
    PermissionDenied,
    RateLimited,
    Unavailable,
    Unreachable,
)
from controlplane.gateway.ports import Limiter
from controlplane.gateway.record import Trail
from controlplane.policy.model_access import is_allowed
from controlplane.telemetry import count

INFERENCE_ROLES = frozenset({Role.ADMIN, Role.DEVELOPER, Role.SERVICE})

R = TypeVar("R", bound=InferenceRequest)


async def admit(
    request: R,
    policy: EffectivePolicy,
    limiter: Limiter,
    fallback: Limiter,
    trail: Trail,
) -> tuple[R, Decision]:
    """The request within the policy's bounds, and the hold taken for it.

    `fallback` counts in this process alone and serves while Redis does not answer, where the policy
    lets it. Raises PermissionDenied, InvalidRequest, RateLimited or Unavailable.
    """
    caller = trail.caller
    _check_access(caller, request.model, policy)
    bounded = _bound_output(request, policy.max_output_tokens)
    reservation = (caller.org_id, trail.request_id, policy.request_limits)
    try:
        decision = await limiter.reserve(*reservation)
    except Unreachable as error:
        if policy.rate_when_down is WhenDown.CLOSED:
            raise Unavailable("Limits cannot be checked at the moment. Try again.") from error
        count("redis_degraded", org_id=caller.org_id)
        decision = replace(await fallback.reserve(*reservation), degraded=True)
    trail.degraded = decision.degraded
    if decision.refused_by is not None:
        raise _refusal(decision)
    return bounded, decision


def _check_access(caller: Caller, model: str, policy: EffectivePolicy) -> None:
    if caller.role not in INFERENCE_ROLES:
        raise PermissionDenied(f"The role '{caller.role}' may not call models.")
    if caller.application_id is None:
        raise PermissionDenied("This credential belongs to no application, so it has no limits.")
    if not is_allowed(model, policy.model_allow):
        raise PermissionDenied(f"The policy does not allow the model '{model}'.", param="model")


def _bound_output(request: R, maximum: int | None) -> R:
    if maximum is None or not request.generates:
        return request
    names = [n for n in ("max_tokens", "max_completion_tokens") if request.body.get(n) is not None]
    for name in names:
        if request.body[name] > maximum:
            raise InvalidRequest(f"The policy allows at most {maximum} for '{name}'.", param=name)
    # Sent upstream even where the caller set none: the bound has to be real.
    return request if names else request.replace(max_completion_tokens=maximum)


def _refusal(decision: Decision) -> RateLimited:
    limit = decision.refused_by
    assert limit is not None
    seconds = max(1, -int(-decision.retry_after_seconds // 1))
    headers = limit_headers(decision.statuses) | {"Retry-After": str(seconds)}
    return RateLimited(
        f"Rate limit reached for {limit.scope}: {limit.capacity} requests per "
        f"{limit.window_seconds} seconds. Try again in {seconds} seconds.",
        headers=headers,
    )


def limit_headers(statuses: Sequence[LimitStatus]) -> dict[str, str]:
    """OpenAI's `x-ratelimit-*-requests` headers, for the window with the least room.

    https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    """
    if not statuses:
        return {}
    tightest = min(statuses, key=lambda status: (status.remaining, -status.reset_seconds))
    return {
        "x-ratelimit-limit-requests": str(tightest.limit.capacity),
        "x-ratelimit-remaining-requests": str(tightest.remaining),
        "x-ratelimit-reset-requests": f"{tightest.reset_seconds:.3f}s",
    }
