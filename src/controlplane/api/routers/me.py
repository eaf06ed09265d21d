"""`GET /v1/me`: who the holder of a credential is, and what it may still do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Request

from controlplane.admin.models.budgets import (
    LimitShown,
    Me,
    Spent,
    shown_each,
    shown_limit,
    shown_lost,
)
from controlplane.admin.outage import unavailable
from controlplane.api.inbound import container_of
from controlplane.api.roles import permitted
from controlplane.domain.access import Caller
from controlplane.domain.limits import Limit, Measure
from controlplane.domain.usage import usd
from controlplane.errors import LedgerLost, Unreachable
from controlplane.gateway.route import listed
from controlplane.wiring import Container

router = APIRouter(tags=["inference"])


@router.get("/v1/me", summary="Who the caller is, and what it may still do")
async def get_me(request: Request) -> Me:
    """For every role and credential: its limits with what is left of them, what it has spent, the
    models that it may use. Nothing is counted or recorded."""
    caller = await permitted(request)
    parts = container_of(request)
    with unavailable("Your limits cannot be read at the moment. Try again."):
        rules = await parts.gateway.configuration.of(caller)
        enforced = [limit for limit in rules.policy.limits if not limit.shadow]
        limits = await _standing(parts, caller.org_id, enforced)
    return Me(
        organization_id=caller.org_id,
        role=caller.role,
        application_id=caller.application_id,
        subject=caller.subject,
        limits=limits,
        spent_usd=await _spent(parts, caller),
        models=[route.alias for route in listed(rules)],
    )


async def _standing(parts: Container, org_id: str, limits: Sequence[Limit]) -> list[LimitShown]:
    now = datetime.now(UTC)
    whole = [limit for limit in limits if limit.per is None]
    lost: Sequence[Limit] = ()
    try:
        statuses = await parts.ledger.look(org_id, whole)
    except LedgerLost:
        lost = [limit for limit in whole if limit.measure is Measure.COST]
        others = [limit for limit in whole if limit.measure is not Measure.COST]
        statuses = await parts.ledger.look(org_id, others)
    return [
        *(shown_limit(status, now) for status in statuses),
        *(shown_lost(limit) for limit in lost),
        *(shown_each(limit) for limit in limits if limit.per is not None),
    ]


async def _spent(parts: Container, caller: Caller) -> Spent | None:
    today = datetime.now(UTC).date()
    try:
        day, month = await parts.usage.spent_by(caller, today)
    except Unreachable:
        return None
    return Spent(today=usd(day), month=usd(month))
