"""Usage by session, agent, end user and tag: sums of each for every day, kept as events arrive.

A request counts once under each kind, and under each of its tags. Every request has a row of every
kind: under the name '' where its caller does not say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    Select,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from controlplane.adapters.postgres.tables import (
    MAX_NAME_LENGTH,
    USAGE_ATTRIBUTED_DAILY,
    USAGE_UNATTRIBUTED_DAYS,
)
from controlplane.adapters.postgres.usage.of_requests import grouped
from controlplane.domain.audit import AuditEvent
from controlplane.domain.questions import ATTRIBUTIONS, USAGE_SUMS, UsageQuery

KEY = tuple(USAGE_ATTRIBUTED_DAILY.primary_key.columns.keys())
COLUMNS = (*KEY, *USAGE_SUMS)
_sums = USAGE_ATTRIBUTED_DAILY.c
_GROUPS: Mapping[str, ColumnElement[Any]] = {
    "model": _sums.model,
    "application": _sums.application_id,
    "provider": _sums.provider,
    "day": _sums.day,
    **dict.fromkeys(ATTRIBUTIONS, _sums.name),
}
_given = (
    func.unnest(*(bindparam(name, type_=ARRAY(_sums[name].type)) for name in COLUMNS))
    .table_valued(*COLUMNS)
    .render_derived()
)
_insert = insert(USAGE_ATTRIBUTED_DAILY).from_select(COLUMNS, select(*_given.c))
# All rows in one statement, in the order in which they are given.
_ADD = _insert.on_conflict_do_update(
    index_elements=KEY,
    set_={name: _sums[name] + _insert.excluded[name] for name in USAGE_SUMS},
)
_OF_KEY = tuple(f"of_{name}" for name in KEY)
_EMPTIED = delete(USAGE_ATTRIBUTED_DAILY).where(
    *(_sums[name] == bindparam(f"of_{name}") for name in KEY), _sums.requests <= 0
)
# An event, its key in usage_daily, and its numbers in the order of USAGE_SUMS.
Counted = tuple[AuditEvent, Sequence[Any], Sequence[int]]


def by_model(kind: str) -> str:
    """The kind of row that has a provider and a model, too."""
    return f"{kind}_model"


async def add_attributed(connection: AsyncConnection, counted: Iterable[Counted]) -> None:
    """Add events that were not counted yet, each with its key in usage_daily and its numbers in the
    order of USAGE_SUMS. Locks as `add_usage` does."""
    sums: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(USAGE_SUMS))
    for event, key, numbers in counted:
        for row_key in _keys(event, key):
            row = sums[row_key]
            for index, number in enumerate(numbers):
                row[index] += number
    rows = [(*key, *numbers) for key, numbers in sorted(sums.items())]
    columns = map(list, zip(*rows, strict=True))
    await connection.execute(_ADD, dict(zip(COLUMNS, columns, strict=True)))


async def remove_emptied(connection: AsyncConnection, less: Iterable[Counted]) -> None:
    """Remove what counts nothing any more once these were subtracted."""
    keys = sorted({row_key for event, key, _ in less for row_key in _keys(event, key)})
    await connection.execute(_EMPTIED, [dict(zip(_OF_KEY, key, strict=True)) for key in keys])


async def are_attributed(connection: AsyncConnection, org_id: str, query: UsageQuery) -> bool:
    """True where the sums hold all records of these days."""
    days = USAGE_UNATTRIBUTED_DAYS.c
    missing = select(days.day).where(
        days.org_id == org_id, days.day.between(query.first, query.last)
    )
    return not await connection.scalar(select(missing.exists()))


def attributed_statement(org_id: str, query: UsageQuery, kind: str) -> Select[Any]:
    """The query over `usage_attributed_daily`, one group more than may be answered."""
    needs_model = {"model", "provider"} & set(query.group_by) or query.model or query.provider
    groups = {name: _GROUPS[name] for name in query.group_by}
    sums = {name: func.coalesce(func.sum(_sums[name]), 0) for name in USAGE_SUMS}
    rows = [
        _sums.org_id == org_id,
        _sums.kind == (by_model(kind) if needs_model else kind),
        _sums.day.between(query.first, query.last),
    ]
    name = query.session_id if query.session_id is not None else query.tag
    for column, value in (
        (_sums.name, name),
        (_sums.application_id, query.application_id),
        (_sums.model, query.model),
        (_sums.provider, query.provider),
    ):
        if value is not None:
            rows.append(column == value[:MAX_NAME_LENGTH])
    if name is not None:
        rows.append(_each_day(query))
    elif query.top is not None:
        rows += _of_the_dearest(groups, rows, query, kind)
    return grouped(groups, sums, query.top).where(*rows)


def _each_day(query: UsageQuery) -> ColumnElement[bool]:
    """Each day by itself: then the index leads from each to a name."""
    days = range((query.last - query.first).days + 1)
    each = [query.first + timedelta(days=number) for number in days]
    return _sums.day == any_(literal(each, ARRAY(Date())))


def _of_the_dearest(
    groups: Mapping[str, ColumnElement[Any]],
    rows: Sequence[ColumnElement[bool]],
    query: UsageQuery,
    kind: str,
) -> list[ColumnElement[bool]]:
    """The rows of the groups that cost most. All sums of all groups would take several times as
    long; sums of floats are exact up to 2^53, and take half the time of those of large integers."""
    cost: ColumnElement[float] = cast(_sums.cost_microusd, Double())
    chosen = (
        select(*(column.label(name) for name, column in groups.items()))
        .where(*rows)
        .group_by(*groups.values())
        .order_by(func.sum(cost).desc(), *groups.values())
        .limit(query.top)
        .cte("dearest")
    )
    names = func.array(select(chosen.c[kind]).scalar_subquery())
    of_names = [_sums.name == any_(names), _each_day(query)]
    if len(groups) > 1:
        of_names.append(tuple_(*groups.values()).in_(select(*chosen.c)))
    return of_names


def _keys(event: AuditEvent, key: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    org_id, day, application_id, _, provider, model = key
    names = {
        "session": (event.session_id,),
        "agent": (event.agent_id,),
        "end_user": (event.end_user,),
        "tag": event.tags or (None,),
    }
    for kind, said in names.items():
        for name in {str(each or "")[:MAX_NAME_LENGTH] for each in said}:
            yield org_id, kind, day, name, application_id, "", ""
            yield org_id, by_model(kind), day, name, application_id, provider, model
