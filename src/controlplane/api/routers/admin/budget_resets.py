"""Resets of budgets: what was spent so far counts no more."""

from __future__ import annotations

from fastapi import APIRouter

from controlplane.admin.budget_resets import reset_budget
from controlplane.admin.models.budget_resets import ResetShown, ResetWanted
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute, refusals

router = APIRouter(prefix="/admin/v1/budgets", tags=["admin: budgets"], route_class=AdminRoute)
UNKNOWN = refusals({404: "No policy that is enforced has such a limit."})


@router.post("/reset", summary="Have a budget begin anew", responses=UNKNOWN)
async def reset(asked: Asking, wanted: ResetWanted) -> ResetShown:
    """What its requests used so far counts no more, from this moment on and also after the counters
    are counted anew; what is under way stays set aside until it ends. The change is recorded."""
    reset_at = await reset_budget(
        asked.parts.configuration_repository,
        asked.parts.ledger_keeper,
        actor=asked.actor,
        name=wanted.limit,
        only=wanted.only,
    )
    return ResetShown(limit=wanted.limit, reset_at=reset_at)
