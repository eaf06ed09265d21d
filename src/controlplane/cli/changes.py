"""`llm-cp changes`: who changed what."""

from __future__ import annotations

import argparse
from typing import Any

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.errors import EXIT_OK
from controlplane.cli.options import NEWEST
from controlplane.cli.session import Session
from controlplane.cli.terminal import Colour, Column, Row, note, second

PATH = "/admin/v1/changes"
_DAY_LENGTH = len("2026-11-30")


def _changed(row: Row) -> str:
    before, after = row.get("before"), row.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    names = (name for name in {**before, **after} if before.get(name) != after.get(name))
    return ", ".join(names)


def _colour(row: Row) -> Colour | None:
    return Colour.RED if row.get("action") in ("delete", "revoke") else None


COLUMNS = (
    Column("TIME (UTC)", lambda row: second(row.get("occurred_at"))),
    Column("WHO", lambda row: row.get("actor")),
    Column("DID", lambda row: row.get("action"), colour=_colour),
    Column("WHAT", lambda row: row.get("resource")),
    Column("ID", lambda row: row.get("resource_id")),
    Column("CHANGED", _changed),
)


def _list(arguments: argparse.Namespace, session: Session) -> int:
    wanted: dict[str, Any] = {
        "resource": arguments.resource,
        "resource_id": arguments.id,
        "actor": arguments.actor,
        "from": _start(arguments.since),
        "to": _start(arguments.until),
    }
    found = session.gateway.listing(PATH, wanted, arguments.limit)
    session.show_table(COLUMNS, found)
    if found.has_more and not session.as_json:
        note(f"There are older ones: --limit {arguments.limit * 10} shows more.")
    return EXIT_OK


def _start(text: str | None) -> str | None:
    """A day as its first moment; anything else as it is."""
    return f"{text}T00:00:00Z" if text and len(text) == _DAY_LENGTH else text


GROUP = Group(
    "who changed what",
    "Every write of the admin API is one change. --json shows it before and after.",
    "llm-cp changes list\nllm-cp changes list --resource policy --from 2026-11-01",
    {
        "list": Command(
            "list them, newest first",
            "Lists changes, newest first. --json shows each before and after.",
            "llm-cp changes list --limit 200\n"
            "llm-cp changes list --resource policy --id application/app-support\n"
            "llm-cp changes list --from 2026-11-01 --to 2026-11-08\n"
            "llm-cp changes list --json | jq '.data[0] | .before, .after'",
            _list,
            (
                argument(
                    "--resource", metavar="KIND", help="application, api-key, policy, route, …"
                ),
                argument("--id", metavar="ID", help="those of one object"),
                argument("--actor", metavar="WHO", help="those of key:<id> or user:<sub>"),
                argument("--from", dest="since", metavar="TIME", help="a day (UTC) or RFC 3339"),
                argument("--to", dest="until", metavar="TIME", help="before this day or time"),
                NEWEST,
            ),
        ),
    },
)
