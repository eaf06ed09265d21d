"""Audit records as rows, and the filters that all commands about them have."""

from __future__ import annotations

import argparse
from typing import Any

from controlplane.cli.command import argument
from controlplane.cli.terminal import Colour, Column, Row, second

PATH = "/admin/v1/requests"

FILTERS = (
    argument("--from", dest="since", metavar="TIME", help="not before this day (UTC) or time"),
    argument("--to", dest="until", metavar="TIME", help="up to this day, or before this time"),
    argument("--app", metavar="APP", help="of this application"),
    argument("--subject", metavar="WHO", help="of this caller: key:<id> or user:<sub>"),
    argument("--model", metavar="MODEL", help="with this model asked for or served"),
    argument("--provider", metavar="PROVIDER", help="answered by this provider"),
    argument("--status", metavar="STATUS", help="such as 429, or a class such as 4xx"),
    argument("--code", metavar="CODE", help="such as insufficient_quota"),
    argument("--min-cost", metavar="USD", help="that cost this much or more, such as 0.25"),
)


def wanted_requests(arguments: argparse.Namespace) -> dict[str, Any]:
    """The filters as the gateway's parameters; None for those that are not given."""
    return {
        "from": getattr(arguments, "since", None),
        "to": getattr(arguments, "until", None),
        "application_id": arguments.app,
        "subject": arguments.subject,
        "model": arguments.model,
        "provider": arguments.provider,
        "status": arguments.status,
        "code": arguments.code,
        "min_cost": arguments.min_cost,
    }


def _colour(row: Row) -> Colour | None:
    status = row.get("status")
    if not isinstance(status, int) or status < 400:
        return None
    return Colour.YELLOW if status < 500 else Colour.RED


COLUMNS = (
    Column("TIME (UTC)", lambda row: second(row.get("occurred_at")), width=14),
    Column("STATUS", lambda row: row.get("status"), right=True, colour=_colour),
    Column("APPLICATION", lambda row: row.get("application_id"), width=16),
    Column("MODEL", lambda row: row.get("model_served") or row.get("model_requested"), width=24),
    Column("PROVIDER", lambda row: row.get("provider"), width=9),
    Column("TOKENS IN", lambda row: row.get("tokens_input"), right=True),
    Column("OUT", lambda row: row.get("tokens_output"), right=True, width=6),
    Column("COST USD", lambda row: row.get("cost_usd"), right=True, width=9),
    Column("MS", lambda row: row.get("latency_ms"), right=True, width=6),
    Column("REQUEST", lambda row: row.get("request_id"), width=36),
    Column("CODE", lambda row: row.get("code"), colour=_colour),
)
