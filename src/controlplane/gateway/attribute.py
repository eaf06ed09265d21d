"""Attribute: what the request belongs to, by its headers, or else by its body."""

from __future__ import annotations

from controlplane.domain.attribution import Attribution, first_tags
from controlplane.domain.inference import InferenceRequest
from controlplane.gateway.record import Trail
from controlplane.gateway.screen import inspect
from controlplane.policy.screening import ScreeningPolicy


def attribute(
    stated: Attribution, request: InferenceRequest, policy: ScreeningPolicy, trail: Trail
) -> Attribution:
    """What is recorded of it. The request is screened already; tags in which the policy finds
    something, and be it only to count it, are left out."""
    tags = first_tags([*stated.tags, *request.tags])
    inside = _found(tags, policy)
    found = Attribution(
        session_id=stated.session_id or request.session_id,
        agent_id=stated.agent_id,
        tags=tuple(tag for place, tag in enumerate(tags) if place not in inside),
    )
    trail.attribution = found
    return found


def _found(tags: tuple[str, ...], policy: ScreeningPolicy) -> set[int]:
    """The places of the tags in which something is found."""
    if not tags:
        return set()
    findings = inspect({"tags": list(tags)}, policy).acted
    return {int(finding.place.split(".")[1]) for finding, _ in findings}
