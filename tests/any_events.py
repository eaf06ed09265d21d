"""Audit events of which upstreams and callers have made anything."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from controlplane.domain.audit import Attempt, AuditEvent
from controlplane.domain.usage import COUNTS, Usage
from tests.audit_events import audit_event

# What stays: the consumer refuses another organisation's name, and the code gives the rest.
_OURS = {"org_id", "occurred_at", "admitted_at", "price", "usage", "attempts", "request_id"}
_HOSTILE = [
    "\x00",
    "a\nb\r\u2028c",
    "\ud83e",
    "\udc00 half",
    "m" * 300_000,
    "\U0001f98a" * 2_000,
    "\x1b[2J\u202e",
    "",
    " ",
    "\u00e9" * 1_025,
]
_texts = st.one_of(
    st.sampled_from(_HOSTILE),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.builds(str.__mul__, st.text(st.characters(exclude_categories=()), max_size=3), st.just(500)),
)
_numbers = st.one_of(
    st.integers(),
    st.sampled_from([2**31, 2**40 + 1, 2**63, 2**70, -1]),
    st.floats(),
    st.booleans(),
)
_leaves = st.one_of(st.none(), _texts, _numbers)
anything = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=12), st.dictionaries(_texts, inner, max_size=12)
    ),
    max_leaves=15,
)
_attempts = st.builds(
    Attempt, anything, anything, anything, anything, anything, st.one_of(anything, st.just(()))
)
_usages = st.builds(
    Usage,
    **dict.fromkeys(COUNTS, _numbers),
    calls=st.lists(st.tuples(_texts, _numbers), max_size=5).map(tuple),
    service_tier=anything,
    estimated=st.frozensets(_texts, max_size=4),
)
_times = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14))]))
_changes: dict[str, st.SearchStrategy[Any]] = {
    name: anything for name in (f.name for f in fields(AuditEvent)) if name not in _OURS
}
any_event: st.SearchStrategy[AuditEvent] = st.fixed_dictionaries(
    {},
    optional={
        **_changes,
        "attempts": st.one_of(anything, st.lists(_attempts, max_size=4).map(tuple)),
        "usage": st.one_of(st.none(), _usages),
        "tags": st.one_of(anything, st.lists(_texts, max_size=12).map(tuple)),
        "screening": st.one_of(anything, st.dictionaries(_texts, _numbers, max_size=5)),
        "occurred_at": _times,
        "admitted_at": st.one_of(st.none(), _times),
    },
).map(lambda changes: replace(audit_event(admitted_at=None), **changes))
