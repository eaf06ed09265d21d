"""Admit: is there room under every limit? One round trip decides all of them together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TypeVar

from controlplane.domain.budget import Charge
from controlplane.domain.inference import InferenceRequest
from controlplane.domain.limits import Claim, Decision, Hold, Measure, Per
from controlplane.domain.policy import EffectivePolicy
from controlplane.domain.settlement import Settlement
from controlplane.errors import LedgerLost, Unavailable, Unreachable
from controlplane.gateway.fit import BoundOf, fitted
from controlplane.gateway.limit_answers import refusal
from controlplane.gateway.ports import Ledgers
from controlplane.gateway.record import Trail
from controlplane.gateway.upper_bound import UpperBound
from controlplane.policy.limits import applying
from controlplane.policy.redis_down import WHEN_REDIS_IS_DOWN, WhenDown
from controlplane.telemetry import count

# What a request may take beyond its deadline: to settle, and for clocks.
LEASE_MARGIN_SECONDS = 10.0
RESTORE_SECONDS = 60
# What the ledger says to wait where all that is missing is held.
HELD_SECONDS = 1.0
# What is left may shrink while a request is fitted to it.
MOST_FITS = 3

R = TypeVar("R", bound=InferenceRequest)


def limits_of(request: InferenceRequest, policy: EffectivePolicy, trail: Trail) -> EffectivePolicy:
    """The policy with the limits that hold for this request.

    Its end user and session are those of its audit record, by which costs are counted anew.
    """
    named = {Per.END_USER: trail.end_user, Per.SESSION: trail.attribution.session_id}
    return applying(policy, trail.caller.org_id, request.model, named)


async def admit(
    request: R,
    bound_of: BoundOf,
    policy: EffectivePolicy,
    *,
    asked: bool,
    seconds: float,
    ledgers: Ledgers,
    trail: Trail,
) -> tuple[R, Decision]:
    """The request, and the hold taken for it; it may run for `seconds`.

    Where a limit lets it, it is fitted to what is left; `asked` says that its caller bounded the
    answer. Raises RateLimited, QuotaExceeded or Unavailable.
    """
    for fits_left in reversed(range(MOST_FITS + 1)):
        claim = _claim(bound_of(request), policy, seconds, trail)
        decision = await _reserve(claim, policy, ledgers, trail)
        smaller = fitted(request, decision, bound_of, asked=asked) if fits_left else None
        if smaller is None:
            break
        request, trail.fitted_output = smaller, smaller.max_output
    trail.degraded = decision.degraded
    trail.admitted_at = decision.hold.admitted_at
    trail.shadow += tuple(limit.name for limit in decision.would_refuse)
    if decision.refused_by is not None:
        trail.charges = _refused(decision, trail)
        raise refusal(decision, claim)
    return request, decision


async def _reserve(
    claim: Claim, policy: EffectivePolicy, ledgers: Ledgers, trail: Trail
) -> Decision:
    """The ledger's decision; the local one serves while Redis does not answer, where the policy
    lets it."""
    try:
        return await ledgers.shared.reserve(claim)
    except LedgerLost as error:
        count("ledger_lost", org_id=trail.caller.org_id)
        raise Unavailable(
            "What this organisation has spent is being counted anew. Try again in a minute.",
            retry_after_seconds=RESTORE_SECONDS,
        ) from error
    except (Unreachable, asyncio.CancelledError) as error:
        # It may have been taken all the same; then the consumer of the event releases it.
        trail.unsettled = Settlement(_taken(claim), 0, 0).to_dict()
        if isinstance(error, asyncio.CancelledError):
            raise
        _check_open(policy, error)
        count("redis_degraded", org_id=trail.caller.org_id)
        return replace(await ledgers.local.reserve(claim), degraded=True)


def _refused(decision: Decision, trail: Trail) -> tuple[Charge, ...]:
    """The cap that refuses, where it will go on refusing: not because of what others hold for a
    moment, nor a request that no period has room for."""
    if not decision.fits or decision.retry_after_seconds <= HELD_SECONDS:
        return ()
    return tuple(
        Charge.refusal(status, trail.occurred_at)
        for status in decision.statuses
        if status.limit == decision.refused_by and status.limit.measure is Measure.COST
    )


def _claim(bound: UpperBound, policy: EffectivePolicy, seconds: float, trail: Trail) -> Claim:
    caller = trail.caller
    return Claim(
        request_id=trail.request_id,
        org_id=caller.org_id,
        limits=policy.limits,
        tokens=bound.tokens,
        cost_microusd=bound.cost_microusd,
        lease_seconds=seconds + LEASE_MARGIN_SECONDS,
        note={
            "application_id": caller.application_id,
            "subject": caller.subject,
            "role": caller.role.value,
            "operation": trail.operation,
            "model_requested": trail.model_requested,
            "occurred_at": trail.occurred_at.isoformat(),
        },
    )


def _taken(claim: Claim) -> Hold:
    amounts = claim.tokens, claim.cost_microusd
    return Hold(claim.request_id, claim.org_id, claim.limits, *amounts)


def _check_open(policy: EffectivePolicy, error: Unreachable) -> None:
    """Raises Unavailable where the policy does not let the request pass uncounted."""
    when_down = WHEN_REDIS_IS_DOWN.of(policy)
    enforced = [limit.measure for limit in policy.limits if not limit.shadow]
    if when_down.cost is WhenDown.CLOSED and Measure.COST in enforced:
        raise Unavailable("Cost caps cannot be checked at the moment. Try again.") from error
    if when_down.rate is WhenDown.CLOSED and any(m is not Measure.COST for m in enforced):
        raise Unavailable("Limits cannot be checked at the moment. Try again.") from error
