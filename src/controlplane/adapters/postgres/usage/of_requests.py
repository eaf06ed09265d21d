"""Usage summed up from the records themselves: what no kept sum says.

A request counts under each of its tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from controlplane.adapters.postgres.tables import RequestLog
from controlplane.domain.questions import MAX_USAGE_GROUPS, UsageQuery

_CHARGED = func.coalesce(RequestLog.admitted_at, RequestLog.occurred_at)
# The connection may have another time zone than UTC.
_DAY = cast(func.timezone("UTC", _CHARGED), Date)
_WAS_ROUTED = or_(
    func.jsonb_array_length(RequestLog.attempts) > 0,
    RequestLog.status == 429,
    RequestLog.status >= 500,
)
_MODEL = func.coalesce(
    RequestLog.model_served, case((_WAS_ROUTED, RequestLog.model_requested), else_=None)
)
_TAG = func.jsonb_array_elements_text(RequestLog.tags).table_valued("value")
GROUPS: Mapping[str, Any] = {
    "model": _MODEL,
    "application": RequestLog.application_id,
    "provider": RequestLog.provider,
    "user": RequestLog.subject,
    "day": _DAY,
    "session": RequestLog.session_id,
    "agent": RequestLog.agent_id,
    "end_user": RequestLog.end_user,
    "tag": _TAG.c.value,
}
_REFUSED = and_(RequestLog.status >= 400, RequestLog.status < 500)


def _used(column: Any) -> Any:
    # An answer that was given again costs nothing.
    return func.coalesce(func.sum(case((RequestLog.replayed, 0), else_=column)), 0)


def _item(name: str) -> Any:
    """A line item of a record; most have none but tokens, and old ones none at all."""
    return func.coalesce(cast(RequestLog.usage[name].astext, BigInteger), 0)


_CALLS = func.jsonb_each_text(RequestLog.usage["calls"]).table_valued("key", "value")
_TOOL_CALLS = case(
    (
        RequestLog.usage.has_key("calls"),
        select(func.sum(cast(_CALLS.c.value, BigInteger))).select_from(_CALLS).scalar_subquery(),
    ),
    else_=0,
)
_IS_UNPRICED = and_(
    or_(
        RequestLog.cost_microusd.is_(None),
        func.coalesce(RequestLog.usage["estimated"].contains(["cost"]), false()),
    ),
    not_(RequestLog.replayed),
    or_(
        RequestLog.tokens_input > 0,
        RequestLog.tokens_output > 0,
        func.coalesce(RequestLog.usage.has_key("calls"), false()),
    ),
)

SUMS: Mapping[str, Any] = {
    "requests": func.count(),
    "refused": func.count().filter(_REFUSED),
    "failed": func.count().filter(RequestLog.status >= 500),
    "tokens_input": _used(RequestLog.tokens_input),
    "tokens_output": _used(RequestLog.tokens_output),
    "tokens_cached": _used(RequestLog.tokens_cached),
    "tokens_reasoning": _used(RequestLog.tokens_reasoning),
    "cost_microusd": _used(func.coalesce(RequestLog.cost_microusd, 0)),
    "latency_ms": func.coalesce(func.sum(RequestLog.latency_ms), 0),
    "tokens_cache_write": _used(_item("cache_write")),
    "tokens_audio": _used(_item("audio_input") + _item("audio_output")),
    "tool_calls": _used(_TOOL_CALLS),
    "unpriced_requests": func.count().filter(_IS_UNPRICED),
}


def usage_of_requests(org_id: str, query: UsageQuery) -> Select[Any]:
    """The query over `request_logs`, one group more than may be answered."""
    groups = {name: GROUPS[name] for name in query.group_by}
    statement = of_records(grouped(groups, SUMS, query.top), org_id, query.first, query.last)
    if "tag" in query.group_by:
        statement = with_tags(statement)
    for column, value in (
        (RequestLog.application_id, query.application_id),
        (_MODEL, query.model),
        (RequestLog.provider, query.provider),
        (RequestLog.session_id, query.session_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return statement if query.tag is None else statement.where(has_tag(query.tag))


def grouped(
    groups: Mapping[str, Any], sums: Mapping[str, Any], top: int | None = None
) -> Select[Any]:
    """The sums in groups, in the order of their names; with `top` those that cost most."""
    columns = [column.label(name) for name, column in groups.items()]
    statement = select(*columns, *(value.label(name) for name, value in sums.items()))
    statement = statement.group_by(*groups.values())
    if top is None:
        return statement.order_by(*groups.values()).limit(MAX_USAGE_GROUPS + 1)
    return statement.order_by(sums["cost_microusd"].desc(), *groups.values()).limit(top)


def of_records(statement: Select[Any], org_id: str, first: date, last: date) -> Select[Any]:
    """The same, of the records that were charged on these days."""
    # A request is admitted soon after it came: by then only some partitions have to be read.
    day = timedelta(days=1)
    since, until = (datetime.combine(each, time(), UTC) for each in (first, last))
    return statement.select_from(RequestLog).where(
        RequestLog.org_id == org_id,
        RequestLog.occurred_at.between(since - day, until + 2 * day),
        _DAY.between(first, last),
    )


def with_tags(statement: Select[Any]) -> Select[Any]:
    """The same, with a row for each tag of a record."""
    return statement.outerjoin(_TAG, true())


def has_tag(tag: str) -> Any:
    """The condition that a record has this tag; no index is searched by it."""
    return RequestLog.tags.contains([tag])
