"""Usage by session, agent, end user and tag: summed up from the records themselves.

There are too many of these to keep a sum of each for every day. A request counts under each of its
tags.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
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
_GROUPS: dict[str, Any] = {
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
    RequestLog.cost_microusd.is_(None),
    not_(RequestLog.replayed),
    or_(
        RequestLog.tokens_input > 0,
        RequestLog.tokens_output > 0,
        func.coalesce(RequestLog.usage.has_key("calls"), false()),
    ),
)

_SUMS: dict[str, Any] = {
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
    sums = [value.label(name) for name, value in _SUMS.items()]
    columns = [_GROUPS[name].label(name) for name in query.group_by]
    statement = select(*columns, *sums).select_from(RequestLog)
    if "tag" in query.group_by:
        statement = statement.outerjoin(_TAG, true())
    # A request is admitted soon after it came: by then only some partitions have to be read.
    day = timedelta(days=1)
    since, until = (datetime.combine(each, time(), UTC) for each in (query.first, query.last))
    statement = statement.where(
        RequestLog.org_id == org_id,
        RequestLog.occurred_at.between(since - day, until + 2 * day),
        _DAY.between(query.first, query.last),
    )
    for column, value in (
        (RequestLog.application_id, query.application_id),
        (_MODEL, query.model),
        (RequestLog.provider, query.provider),
        (RequestLog.session_id, query.session_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if query.tag is not None:
        statement = statement.where(has_tag(query.tag))
    return statement.group_by(*columns).order_by(*columns).limit(MAX_USAGE_GROUPS + 1)


def has_tag(tag: str) -> Any:
    """The condition that a record has this tag; no index is searched by it."""
    return RequestLog.tags.contains([tag])
