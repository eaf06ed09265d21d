"""A merged policy in the form of a document, each limit with the scope that counts it."""

from __future__ import annotations

from typing import Any

from controlplane.domain.access import EffectivePolicy, PolicyDocument, ScreeningPolicy
from controlplane.domain.limits import Limit, Measure, Period
from controlplane.domain.usage import usd
from controlplane.policy.document import mode_of, validity_of
from controlplane.policy.effective import scope
from controlplane.policy.validity import Validity


def describe(policy: EffectivePolicy) -> dict[str, Any]:
    """What is enforced. Of `models` and `parameters.allow` every group has to agree."""
    return {
        **_tried(policy, shadow=False),
        "screening": _screening(policy.screening),
        "when_redis_is_down": {
            "rate": policy.rate_when_down.value,
            "cost": policy.cost_when_down.value,
        },
        "store_payloads": policy.store_payloads,
    }


def describe_shadow(policy: EffectivePolicy) -> dict[str, Any] | None:
    """What is only tried out; None where nothing is."""
    if policy.shadow is None:
        return None
    limits = tuple(limit for limit in policy.limits if limit.shadow)
    return {"version": policy.shadow.version, **_tried(policy.shadow, limits, shadow=True)}


def describe_source(entry: PolicyDocument, now: float) -> dict[str, Any]:
    """One document of a caller; `state` is in_force | later | expired at `now` (since 1970)."""
    validity = validity_of(entry)
    return {
        "level": entry.level.value,
        "subject_id": entry.subject_id,
        "scope": scope(entry.level, entry.subject_id),
        "version": entry.version,
        "mode": mode_of(entry).value,
        "state": _state(validity, now),
        "valid": entry.document.get("valid"),
    }


def _state(validity: Validity, now: float) -> str:
    if validity.is_over(now):
        return "expired"
    return "in_force" if validity.has_begun(now) else "later"


def _tried(
    policy: EffectivePolicy, limits: tuple[Limit, ...] | None = None, *, shadow: bool
) -> dict[str, Any]:
    counted = [limit for limit in (limits or policy.limits) if limit.shadow is shadow]
    return {
        "models": {"allow": [list(group) for group in policy.model_allow]},
        **{
            field: [_limit(limit) for limit in counted if limit.measure is measure]
            for measure, field in _FIELDS.items()
        },
        "max_output_tokens": policy.max_output_tokens,
        "parameters": {
            "allow": [sorted(group) for group in policy.parameters.allow],
            "deny": sorted(policy.parameters.deny),
        },
    }


_FIELDS = {
    Measure.REQUESTS: "rate_limits",
    Measure.TOKENS: "token_limits",
    Measure.COST: "cost_caps",
    Measure.CONCURRENCY: "concurrency",
}


def _limit(limit: Limit) -> dict[str, Any]:
    amount: dict[str, Any] = (
        {"usd": usd(limit.capacity)}
        if limit.measure is Measure.COST
        else {_AMOUNTS[limit.measure]: limit.capacity}
    )
    if isinstance(limit.window, Period):
        amount["period"] = limit.window.value
    elif limit.window is not None:
        amount["window_seconds"] = limit.window
    return {"scope": limit.scope, **amount}


_AMOUNTS = {
    Measure.REQUESTS: "requests",
    Measure.TOKENS: "tokens",
    Measure.CONCURRENCY: "requests",
}


def _screening(policy: ScreeningPolicy) -> dict[str, Any]:
    return {
        "pii": policy.pii.value,
        "secrets": policy.secrets.value,
        "overrides": {kind: policy.overrides[kind].value for kind in sorted(policy.overrides)},
        "custom": [{"kind": each.kind, "pattern": each.pattern} for each in policy.custom],
        "allow": {
            "domains": sorted(policy.allow_domains),
            "values": sorted(policy.allow_values),
        },
        "responses": policy.responses.value,
        "restore": policy.restore,
    }
