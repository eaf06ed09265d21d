"""`llm-cp usage`: requests, tokens and cost, in groups."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime

from controlplane.cli.command import Command, argument
from controlplane.cli.errors import EXIT_OK, CommandError, NotTheGateway
from controlplane.cli.session import Session
from controlplane.cli.terminal import Colour, Column, Row, note

PATH = "/admin/v1/usage"
GROUPS = (
    *("model", "application", "provider", "user", "day"),
    *("session", "agent", "end_user", "tag"),
)


def _failed(row: Row) -> Colour | None:
    return Colour.RED if row.get("failed") else None


def _unpriced(row: Row) -> Colour | None:
    return Colour.YELLOW if row.get("unpriced_requests") else None


SUMS = (
    Column("REQUESTS", lambda row: row.get("requests"), right=True),
    Column("REFUSED", lambda row: row.get("refused"), right=True),
    Column("FAILED", lambda row: row.get("failed"), right=True, colour=_failed),
    Column("TOKENS IN", lambda row: row.get("tokens_input"), right=True),
    Column("TOKENS OUT", lambda row: row.get("tokens_output"), right=True),
    Column("COST USD", lambda row: row.get("cost_usd"), right=True),
    Column("UNPRICED", lambda row: row.get("unpriced_requests"), right=True, colour=_unpriced),
    Column("AVERAGE MS", lambda row: row.get("average_latency_ms"), right=True),
)


def _usage(arguments: argparse.Namespace, session: Session) -> int:
    today = datetime.now(UTC).date()
    groups = [name.strip() for name in arguments.group_by.split(",")]
    if not set(groups) <= set(GROUPS) or len(set(groups)) != len(groups):
        known = ", ".join(GROUPS)
        raise CommandError(f"--group-by must be different names out of {known}, with commas.")
    wanted = {
        "from": arguments.since or _first_day(arguments.until, today.isoformat()),
        "to": arguments.until or today.isoformat(),
        "group_by": ",".join(groups),
        "application_id": arguments.app,
        "model": arguments.model,
        "provider": arguments.provider,
        "session_id": arguments.session,
        "tag": arguments.tag,
        "top": arguments.top,
    }
    response = session.gateway.get(PATH, wanted)
    if session.as_json:
        session.terminal.raw(response.text)
        return EXIT_OK
    rows, totals = response.body.get("data"), response.body.get("totals")
    if not isinstance(rows, list) or not isinstance(totals, Mapping):
        raise NotTheGateway
    columns = (*(_group(name) for name in groups), *SUMS)
    total = {**totals, groups[0]: "total", **dict.fromkeys(groups[1:], " ")}
    session.terminal.table(columns, rows, total if len(rows) > 1 else None)
    days = f"{response.body.get('from')} to {response.body.get('to')} (UTC)"
    note(days if rows else f"No requests from {days}.")
    return EXIT_OK


def _group(name: str) -> Column:
    return Column(name.upper(), lambda row: row.get(name) or "-")


def _first_day(until: str | None, today: str) -> str:
    """The first of the month of the last day that is asked for."""
    return f"{(until or today)[:8]}01"


COMMAND = Command(
    "show requests, tokens and cost",
    """\
Shows requests, tokens and cost of whole days (UTC), this month's unless you say otherwise, in
groups. A request counts within seconds of its answer.""",
    """\
llm-cp usage                                            this month, by model
llm-cp usage --group-by model,day --from 2026-11-01 --to 2026-11-30
llm-cp usage --group-by user --app app-support
llm-cp usage --group-by tag,model                       what each team's tag used
llm-cp usage --group-by session --top 20                the sessions that cost most
llm-cp usage --json | jq -r .totals.cost_usd""",
    _usage,
    (
        argument("--from", dest="since", metavar="DAY", help="the first day (default: the 1st)"),
        argument("--to", dest="until", metavar="DAY", help="the last day (default: today)"),
        argument(
            "--group-by",
            default="model",
            metavar="NAMES",
            help=f"one row for each of these, with commas: {', '.join(GROUPS)} (default: model)",
        ),
        argument("--app", metavar="APP", help="of one application"),
        argument("--model", metavar="MODEL", help="of one model"),
        argument("--provider", metavar="PROVIDER", help="of one provider"),
        argument("--session", metavar="ID", help="of one session of a client"),
        argument("--tag", metavar="TAG", help="with this tag, such as team:search"),
        argument("--top", metavar="NUMBER", help="only so many rows: those that cost most"),
    ),
)
