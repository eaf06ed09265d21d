"""Which records of the audit trail, newest first, and where a page goes on."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, literal_column, or_, select, tuple_

from controlplane.adapters.postgres.storable import is_storable
from controlplane.adapters.postgres.tables import RequestLog
from controlplane.adapters.postgres.usage.of_requests import has_tag
from controlplane.domain.questions import RequestFilter

_COLUMNS = tuple(RequestLog.__table__.columns)
_REFUSED_FROM = 400


EVERYTHING = RequestFilter()


def records_of(org_id: str, application_id: str | None) -> Select[Any]:
    """All records of an organisation, or of one of its applications."""
    query = select(*_COLUMNS).where(RequestLog.org_id == org_id)
    return (
        query
        if application_id is None
        else query.where(RequestLog.application_id == application_id)
    )


def page_statement(
    org_id: str, where: RequestFilter, *, limit: int, before: str | None
) -> Select[Any]:
    """The records behind the cursor `before`, newest first, one more than the page has room for.

    Raises ValueError where `before` is not a cursor that an earlier page gave.
    """
    query = _filtered(records_of(org_id, where.application_id), where)
    if before is not None:
        request_id, occurred_at = _read_cursor(before)
        place = tuple_(RequestLog.occurred_at, RequestLog.request_id)
        query = query.where(place < (occurred_at, request_id))
    newest_first = (RequestLog.occurred_at.desc(), RequestLog.request_id.desc())
    return query.order_by(*newest_first).limit(limit + 1)


def _filtered(query: Select[Any], where: RequestFilter) -> Select[Any]:
    for column, value in (
        (RequestLog.subject, where.subject),
        (RequestLog.provider, where.provider),
        (RequestLog.code, where.code),
        (RequestLog.session_id, where.session_id),
        (RequestLog.agent_id, where.agent_id),
        (RequestLog.end_user, where.end_user),
    ):
        if value is not None:
            query = query.where(column == value)
    if where.tag is not None:
        query = query.where(has_tag(where.tag))
    if where.since is not None:
        query = query.where(RequestLog.occurred_at >= where.since)
    if where.until is not None:
        query = query.where(RequestLog.occurred_at < where.until)
    if where.model is not None:
        requested, served = RequestLog.model_requested, RequestLog.model_served
        query = query.where(or_(requested == where.model, served == where.model))
    if where.status is not None:
        lowest, highest = where.status
        query = query.where(RequestLog.status.between(lowest, highest))
        if lowest >= _REFUSED_FROM:
            # In the words of the partial index: a parameter would not tell the planner enough.
            query = query.where(RequestLog.status >= literal_column(str(_REFUSED_FROM)))
    if where.min_cost_microusd is not None:
        query = query.where(RequestLog.cost_microusd >= where.min_cost_microusd)
    return query


def cursor_of(row: Row[Any]) -> str:
    """The cursor that goes on behind this record."""
    place = json.dumps([row.request_id, row.occurred_at.astimezone(UTC).isoformat()])
    return base64.urlsafe_b64encode(place.encode()).decode()


def _read_cursor(cursor: str) -> tuple[str, datetime]:
    try:
        request_id, at = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        occurred_at = datetime.fromisoformat(at)
        if not isinstance(request_id, str) or not is_storable(request_id):
            raise ValueError
        if occurred_at.tzinfo is None:
            raise ValueError
        return request_id, occurred_at.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise ValueError("the cursor is not one that an earlier page gave") from None
