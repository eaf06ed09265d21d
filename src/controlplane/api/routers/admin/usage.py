"""Usage: requests, tokens and cost of the caller's organisation, by day and in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query

from controlplane.admin.models.usage import UsageParameters, UsageReport
from controlplane.admin.outage import unavailable
from controlplane.api.routers.admin.dependencies import Asking
from controlplane.api.routers.admin.route import AdminRoute, refusals
from controlplane.domain.questions import USAGE_SUMS, UsageQuery
from controlplane.domain.usage import usd

router = APIRouter(prefix="/admin/v1/usage", tags=["admin: usage"], route_class=AdminRoute)
NO_APPLICATION = refusals({404: "No such application."})


# A row has the names of its groups alone.
@router.get(
    "", summary="Usage in groups", responses=NO_APPLICATION, response_model_exclude_unset=True
)
async def get_usage(asked: Asking, query: Annotated[UsageParameters, Query()]) -> UsageReport:
    """Sums over whole days (UTC), the last 30 unless `from` and `to` say otherwise; a developer
    sees those of its own application. A request counts within seconds of its answer."""
    (first, last), groups = query.days, query.groups
    with unavailable("The usage cannot be read at the moment. Try again."):
        application_id = await asked.application(query.application_id)
        wanted = UsageQuery(
            first,
            last,
            groups,
            application_id,
            query.model,
            query.provider,
            query.session_id,
            query.tag,
            query.top,
        )
        rows = counted = await asked.parts.usage.sums(asked.caller.org_id, wanted)
        if "tag" in groups or wanted.top:
            once = replace(wanted, group_by=(), top=None)
            counted = await asked.parts.usage.sums(asked.caller.org_id, once)
    body = {
        "data": [{**{name: row[name] for name in groups}, **_sums(row)} for row in rows],
        "totals": _sums(_total(counted)),
        "from": first,
        "to": last,
    }
    return UsageReport.model_validate(body)


def _total(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    totals = dict.fromkeys(USAGE_SUMS, 0)
    for row in rows:
        for name in USAGE_SUMS:
            totals[name] += row[name]
    return totals


def _sums(row: Mapping[str, Any]) -> dict[str, Any]:
    requests, latency = row["requests"], row["latency_ms"]
    shown = {name: row[name] for name in USAGE_SUMS if name not in ("cost_microusd", "latency_ms")}
    return {
        **shown,
        "cost_usd": usd(row["cost_microusd"]),
        "average_latency_ms": round(latency / requests) if requests else None,
    }
