"""`llm-cp budget`: where cost caps and token limits stand, the one that is next first."""

from __future__ import annotations

import argparse
import contextlib
import time

from controlplane.cli.command import Command, argument
from controlplane.cli.errors import EXIT_OK, NotTheGateway
from controlplane.cli.options import number, seconds
from controlplane.cli.session import Session
from controlplane.cli.terminal import Colour, Column, Row, minute, note

PATH = "/admin/v1/budgets"
WARNING_PERCENT = 80
# To the top left, and everything below is gone (ECMA-48).
_CLEAR = "\x1b[H\x1b[2J"


def _colour(row: Row) -> Colour | None:
    percent = row.get("used_percent")
    if row.get("state") == "lost" or percent == 100:
        return Colour.RED
    return Colour.YELLOW if isinstance(percent, int) and percent >= WARNING_PERCENT else None


def _percent(row: Row) -> str:
    percent = row.get("used_percent")
    return "lost" if percent is None else f"{percent} %"


LIMITS = (
    Column("BUDGET", lambda row: row.get("name")),
    Column("LIMIT", lambda row: row.get("limit"), right=True),
    Column("LEFT", lambda row: row.get("left"), right=True),
    Column("RESETS", lambda row: minute(row.get("resets_at"))),
)
COLUMNS = (
    LIMITS[0],
    Column("NAME", lambda row: row.get("subject_name")),
    Column("USED", _percent, right=True, colour=_colour),
    Column("SPENT", lambda row: row.get("spent"), right=True),
    Column("HELD", lambda row: row.get("held"), right=True),
    LIMITS[2],
    LIMITS[1],
    LIMITS[3],
    Column("PROJECTED", lambda row: row.get("projected"), right=True),
    Column("RUNS OUT", lambda row: minute(row.get("runs_out_at"))),
)


def _budget(arguments: argparse.Namespace, session: Session) -> int:
    if arguments.watch is None:
        return _show(arguments, session)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            if session.terminal.colours:
                print(_CLEAR, end="")
            _show(arguments, session)
            time.sleep(arguments.watch)
    return EXIT_OK


def _show(arguments: argparse.Namespace, session: Session) -> int:
    wanted = {
        "application_id": arguments.app,
        "measure": arguments.measure,
        "limit": arguments.limit,
    }
    found = session.gateway.get(PATH, wanted)
    if session.as_json:
        session.terminal.raw(found.text)
        return EXIT_OK
    rows, total = found.body.get("data"), found.body.get("total")
    if not isinstance(rows, list) or not isinstance(total, int):
        raise NotTheGateway
    session.terminal.table(COLUMNS, rows)
    if not rows:
        note("No policy in force has a cost cap or a token limit.")
    elif total > len(rows):
        note(f"The first {len(rows)} of {total:,}; --limit shows more.")
    return EXIT_OK


COMMAND = Command(
    "show where cost caps and token limits stand",
    """\
Shows every cost cap (US dollars) and token limit of the policies in force, out of the counters
that refuse: the one that stops its callers next comes first. PROJECTED is what will be spent at
the end of the period at the pace of so far, RUNS OUT when that reaches the limit; times in UTC.""",
    """\
llm-cp budget
llm-cp budget --app app-support --measure cost
llm-cp budget --watch 5                          again every five seconds, until Ctrl-C
llm-cp budget --json | jq -r '.data[] | select(.used_percent >= 80) | .name'""",
    _budget,
    (
        argument("--app", metavar="APP", help="of one application and its keys"),
        argument("--measure", choices=("cost", "tokens"), help="only these"),
        argument("--limit", type=number(1, 200), metavar="N", help="the first N (default: 50)"),
        argument("--watch", type=seconds, metavar="SECONDS", help="show them again so often"),
    ),
)
