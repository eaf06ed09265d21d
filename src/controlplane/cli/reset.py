"""`llm-cp reset`: a budget or another limit counts from zero again."""

from __future__ import annotations

import argparse

from controlplane.cli.command import Command, argument
from controlplane.cli.options import YES
from controlplane.cli.session import Session
from controlplane.cli.terminal import Column, confirm

PATH = "/admin/v1/budgets/reset"
COLUMNS = (
    Column("LIMIT", lambda row: row.get("limit")),
    Column("COUNTS FROM", lambda row: row.get("reset_at")),
)


def _reset(arguments: argparse.Namespace, session: Session) -> int:
    given = {"end_user": arguments.end_user, "session_id": arguments.session}
    only = {name: value for name, value in given.items() if value is not None}
    confirm(f"Have {arguments.limit} count from zero again?", yes=arguments.yes)
    response = session.gateway.send("POST", PATH, {"limit": arguments.limit, **only})
    return session.show_table(COLUMNS, response)


COMMAND = Command(
    "have a budget begin anew",
    """\
What the requests of a limit used so far counts no more. LIMIT is its name as headers, records and
refusals have it. The change is recorded. Asks first on a terminal.""",
    """\
llm-cp reset cost:app-support:month
llm-cp reset cost:app-support:day:end_user --end-user alice --yes""",
    _reset,
    (
        argument("limit", metavar="LIMIT", help="such as cost:app-support:month"),
        argument("--end-user", metavar="NAME", help="only of this end user"),
        argument("--session", metavar="ID", help="only of this session"),
        YES,
    ),
)
