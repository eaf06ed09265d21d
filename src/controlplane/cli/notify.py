"""`llm-cp notify`: who is told when a budget is nearly used up."""

from __future__ import annotations

import argparse

from controlplane.cli.command import Command, Group
from controlplane.cli.documents import read_document
from controlplane.cli.errors import EXIT_FOUND, EXIT_OK, NotTheGateway
from controlplane.cli.options import FILE, FORCE, IF_MATCH, condition, note_tag
from controlplane.cli.session import Session
from controlplane.cli.terminal import Colour, Column, Row, note

PATH = "/admin/v1/notifications"


def _colour(row: Row) -> Colour:
    return Colour.GREEN if row.get("delivered") else Colour.RED


OUTCOMES = (
    Column("DESTINATION", lambda row: row.get("destination") or "topic"),
    Column("DELIVERED", lambda row: row.get("delivered"), colour=_colour),
    Column("REASON", lambda row: row.get("reason")),
)


def _get(_arguments: argparse.Namespace, session: Session) -> int:
    response = session.gateway.get(PATH)
    session.terminal.json(response.body)
    note_tag(response)
    return EXIT_OK


def _put(arguments: argparse.Namespace, session: Session) -> int:
    document, _ = read_document(arguments.file)
    headers = condition(arguments, session.gateway.get(PATH))
    stored = session.gateway.send("PUT", PATH, document, headers=headers)
    session.terminal.json(stored.body)
    if '"whsec_' in stored.text:
        note("A secret is shown this once: its receiver checks signatures with it.")
    return EXIT_OK


def _test(_arguments: argparse.Namespace, session: Session) -> int:
    found = session.gateway.send("POST", f"{PATH}/test")
    rows = found.body.get("data")
    if not isinstance(rows, list):
        raise NotTheGateway
    if session.as_json:
        session.terminal.raw(found.text)
    else:
        session.terminal.table(OUTCOMES, rows)
    if not rows:
        note("There is no destination: llm-cp notify put FILE adds one.")
    return EXIT_OK if all(row.get("delivered") for row in rows) else EXIT_FOUND


GROUP = Group(
    "warnings about budgets: get, put, test",
    "Who is told when a cost cap is used up to 80 or 100 percent, or refuses a request.",
    "llm-cp notify get > notify.json\nllm-cp notify put notify.json\nllm-cp notify test",
    {
        "get": Command(
            "show them",
            "Shows thresholds and destinations; of an address its host alone.",
            "llm-cp notify get",
            _get,
            has_json=False,
        ),
        "put": Command(
            "write them",
            "Writes thresholds and destinations. A destination without a url keeps its own; the\n"
            "secret of a new webhook is shown this once.",
            "llm-cp notify put notify.json\n"
            "jq '.thresholds = [50, 80, 100]' notify.json | llm-cp notify put -",
            _put,
            (FILE, FORCE, IF_MATCH),
            has_json=False,
        ),
        "test": Command(
            "send a test message to every destination",
            "Sends one message to every destination, and shows which of them took it.",
            "llm-cp notify test",
            _test,
            exits="0 all delivered, 1 one was not, 2 wrong use or a refusal",
        ),
    },
)
