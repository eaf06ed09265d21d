"""A month of generated traffic: the records of one busy organisation, and of others beside it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

ORG = "org-bench"
DAYS = 30
SESSIONS = 200_000
# A twentieth of the traffic each.
OTHERS = ("org-other-1", "org-other-2", "org-other-3")
SHARE = 20
_DAY = (Path(__file__).parent / "traffic.sql").read_text()


@dataclass(frozen=True)
class Traffic:
    """What was made: the days, both included, and how many records of ORG."""

    first: date
    last: date
    requests: int
    seconds: float


def generate(connection: psycopg.Connection[Any], requests: int, *, minutes: float) -> Traffic:
    """Fill `request_logs` day by day, up to yesterday; of a month that takes longer than `minutes`
    only the newest days."""
    started, made = time.monotonic(), 0
    last = first = datetime.now(UTC).date() - timedelta(days=1)
    for ago in range(DAYS):
        first = last - timedelta(days=ago)
        connection.execute("SELECT ensure_request_log_partitions(%s, 1)", [first])
        for org_id in (ORG, *OTHERS):
            share = 1 if org_id == ORG else SHARE
            values = {
                "org": org_id,
                "day": first,
                "number": DAYS - ago,
                "rows": requests // DAYS // share,
                "sessions": SESSIONS // DAYS // share,
            }
            connection.execute(_DAY.encode(), values)
        made += requests // DAYS
        if time.monotonic() - started > minutes * 60:
            break
    return Traffic(first, last, made, time.monotonic() - started)
