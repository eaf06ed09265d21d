"""Budgets: where the cost caps and token limits of the caller's organisation stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from controlplane.admin.budgets import Budgets
from controlplane.admin.models.budgets import BudgetQuery, BudgetsShown, shown_budget
from controlplane.admin.outage import unavailable
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute, refusals
from controlplane.domain.limits import Measure

router = APIRouter(prefix="/admin/v1/budgets", tags=["admin: budgets"], route_class=AdminRoute)
NO_APPLICATION = refusals({404: "No such application."})


@router.get("", summary="Where budgets stand", responses=NO_APPLICATION)
async def list_budgets(asked: Asking, query: Annotated[BudgetQuery, Query()]) -> BudgetsShown:
    """Every cost cap and token limit of the policies in force, out of the counters that refuse; the
    one that stops its callers next comes first. A developer sees its application's and its keys'
    own."""
    measure = None if query.measure is None else Measure(query.measure)
    with unavailable("The budgets cannot be read at the moment. Try again."):
        application_id = await asked.application(query.application_id)
        found = await Budgets(asked.parts.budget_owners, asked.parts.ledger.books).standing(
            asked.caller.org_id, application_id=application_id, measure=measure
        )
    return BudgetsShown(
        data=[shown_budget(each) for each in found[: query.limit]], total=len(found)
    )
