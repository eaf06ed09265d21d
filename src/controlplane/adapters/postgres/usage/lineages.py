"""Usage by lineage: the keys that were rotated one from another are one caller.

A record names the key that asked. Which lineage that is of, the table of keys says, which loses no
row; so what was recorded needs no change when a key is rotated.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, literal

from controlplane.adapters.postgres.tables import ApiKeyRow
from controlplane.adapters.postgres.usage.of_requests import grouped
from controlplane.domain.questions import USAGE_SUMS, UsageQuery


def by_lineage(statement: Select[Any], query: UsageQuery) -> Select[Any]:
    """The sums of `statement`, which has a group `user`, with those of a lineage's keys as one: its
    `user` is the first key. Under row-level security, like the statement."""
    sums = statement.order_by(None).limit(None).subquery()
    rotated = and_(
        ApiKeyRow.lineage.is_not(None), sums.c.user == literal("key:").concat(ApiKeyRow.id)
    )
    account = func.coalesce(literal("key:").concat(ApiKeyRow.lineage), sums.c.user)
    groups = {name: account if name == "user" else sums.c[name] for name in query.group_by}
    totals = {name: func.sum(sums.c[name]) for name in USAGE_SUMS}
    return grouped(groups, totals, query.top).select_from(sums.outerjoin(ApiKeyRow, rotated))
