"""Usage: requests, tokens and cost of the caller's organisation, by day and in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from controlplane.admin.fields import fault
from controlplane.admin.outage import unavailable
from controlplane.api.access import Permitted
from controlplane.api.asked_application import asked_application
from controlplane.api.query import check_names, read_day, read_text
from controlplane.api.routers.admin import usage_openapi as openapi
from controlplane.domain.questions import USAGE_GROUPS, USAGE_SUMS, UsageQuery
from controlplane.domain.usage import usd

DEFAULT_DAYS, MAX_DAYS = 30, 400
PARAMETERS = ("from", "to", "group_by", "application_id", "model", "provider")

router = APIRouter(prefix="/admin/v1/usage", tags=["admin: usage"])


@router.get("", summary="Usage in groups", openapi_extra=openapi.GET)
async def get_usage(request: Request, caller: Permitted) -> Response:
    """Sums over whole days (UTC), the last 30 unless `from` and `to` say otherwise; a developer
    sees those of its own application. A request counts within seconds of its answer."""
    query = request.query_params
    check_names(query, PARAMETERS)
    first, last = _days(query, datetime.now(UTC).date())
    group_by = _groups(query)
    model, provider = read_text(query, "model"), read_text(query, "provider")
    with unavailable("The usage cannot be read at the moment. Try again."):
        application_id = await asked_application(request, caller)
        rows = await request.app.state.container.usage.sums(
            caller.org_id, UsageQuery(first, last, group_by, application_id, model, provider)
        )
    body = {
        "data": [_answer(row, group_by) for row in rows],
        "totals": _answer(_total(rows), ()),
        "from": first,
        "to": last,
    }
    return Response(orjson.dumps(body), media_type="application/json")


def _days(query: QueryParams, today: date) -> tuple[date, date]:
    last = read_day(query, "to") or today
    first = read_day(query, "from") or _earlier(last, DEFAULT_DAYS - 1)
    if first > last:
        raise fault("from", "must not be later than 'to'")
    if (last - first).days >= MAX_DAYS:
        raise fault("from", f"must be less than {MAX_DAYS} days before 'to'")
    return first, last


def _earlier(day: date, days: int) -> date:
    return date.fromordinal(max(1, day.toordinal() - days))


def _groups(query: QueryParams) -> tuple[str, ...]:
    text = query.get("group_by", "")
    names = tuple(name.strip() for name in text.split(",")) if text.strip() else ()
    if len(set(names)) != len(names) or not set(names) <= set(USAGE_GROUPS):
        what = f"must be different names out of {', '.join(USAGE_GROUPS)}, with commas between them"
        raise fault("group_by", what)
    return names


def _total(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    totals = dict.fromkeys(USAGE_SUMS, 0)
    for row in rows:
        for name in USAGE_SUMS:
            totals[name] += row[name]
    return totals


def _answer(row: Mapping[str, Any], groups: tuple[str, ...]) -> dict[str, Any]:
    requests, latency = row["requests"], row["latency_ms"]
    sums = {name: row[name] for name in USAGE_SUMS if name not in ("cost_microusd", "latency_ms")}
    return {
        **{name: row[name] for name in groups},
        **sums,
        "cost_usd": usd(row["cost_microusd"]),
        "average_latency_ms": round(latency / requests) if requests else None,
    }
