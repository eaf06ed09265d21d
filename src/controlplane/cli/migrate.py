"""`llm-cp migrate`: the function's own migration event."""

from __future__ import annotations

import argparse

from controlplane.cli.command import Command, argument
from controlplane.cli.errors import EXIT_OK
from controlplane.cli.invoke import FUNCTION, invoke
from controlplane.cli.session import Session
from controlplane.cli.terminal import shown


def _migrate(arguments: argparse.Namespace, session: Session) -> int:
    event = {"type": "user-migration", "revision": arguments.revision}
    returned = invoke(arguments.function, session, event, "The migration")
    result = returned.body
    if session.as_json:
        session.terminal.raw(returned.text)
        return EXIT_OK
    before, after = result.get("from_revision") or "nothing", result.get("to_revision")
    same = before == after
    print(shown(f"at {after} already" if same else f"migrated from {before} to {after}"))
    return EXIT_OK


COMMAND = Command(
    "bring the database to a revision",
    """\
Invokes the function with its migration event: the local stack's at LLM_CP_URL, or with --function
one in AWS, with the credentials and the region of your environment. It only migrates upwards, and
is safe to repeat.""",
    """\
llm-cp migrate                                   the local stack, to the newest revision
llm-cp migrate --revision 0003
llm-cp migrate --function llm-cp-sandbox:live    AWS""",
    _migrate,
    (
        argument("--revision", metavar="ID", default="head", help="(default: head, the newest)"),
        FUNCTION,
    ),
    exits="0 done, 2 wrong use, a refusal or a migration that failed",
)
