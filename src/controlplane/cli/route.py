"""`llm-cp route`: which targets a model name stands for."""

from __future__ import annotations

import argparse

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.documents import read_document
from controlplane.cli.errors import EXIT_OK
from controlplane.cli.options import FILE, FORCE, IF_MATCH, LIMIT, YES, condition, note_tag, path
from controlplane.cli.session import Session
from controlplane.cli.terminal import Column, Row, confirm, note

PATH = "/admin/v1/routes"


def _targets(row: Row) -> str:
    targets = row.get("targets")
    if not isinstance(targets, list):
        return ""
    weighted = row.get("strategy") == "weighted"
    return ", ".join(
        f"{target.get('provider')}/{target.get('model')}"
        + (f" *{target.get('weight')}" if weighted else "")
        for target in targets
        if isinstance(target, dict)
    )


COLUMNS = (
    Column("ALIAS", lambda row: row.get("alias")),
    Column("STRATEGY", lambda row: row.get("strategy")),
    Column("TARGETS", _targets),
)
_ALIAS = argument("alias", metavar="ALIAS", help="the model name that applications send")


def _list(arguments: argparse.Namespace, session: Session) -> int:
    return session.show_table(COLUMNS, session.gateway.listing(PATH, limit=arguments.limit))


def _get(arguments: argparse.Namespace, session: Session) -> int:
    response = session.gateway.get(_address(arguments))
    if session.as_json:
        session.terminal.raw(response.text)
    else:
        session.terminal.json(response.body)
        note_tag(response)
    return EXIT_OK


def _put(arguments: argparse.Namespace, session: Session) -> int:
    raw, _ = read_document(arguments.file)
    address = _address(arguments)
    stored = session.gateway.find(address)
    response = session.gateway.send("PUT", address, raw, headers=condition(arguments, stored))
    return session.show_table(COLUMNS, response)


def _delete(arguments: argparse.Namespace, session: Session) -> int:
    address = _address(arguments)
    stored = session.gateway.get(address)
    confirm(f"Delete the route {arguments.alias}? The model is then unknown.", yes=arguments.yes)
    session.gateway.send("DELETE", address, headers=condition(arguments, stored))
    note(f"Deleted {arguments.alias}.")
    return EXIT_OK


def _address(arguments: argparse.Namespace) -> str:
    return f"{PATH}/{path(arguments.alias)}"


GROUP = Group(
    "routes: list, get, put, delete",
    "A route says which providers and models a model name stands for.",
    "llm-cp route list\nllm-cp route get gpt-5.5 > route.json\nllm-cp route put gpt-5.5 route.json",
    {
        "list": Command(
            "list them", "Lists routes, by alias.", "llm-cp route list", _list, (LIMIT,)
        ),
        "get": Command(
            "print the document of one",
            "Prints a route, ready to be edited and put again, and beside it the ETag for\n"
            "`put --if-match`.",
            "llm-cp route get gpt-5.5 > route.json",
            _get,
            (_ALIAS,),
        ),
        "put": Command(
            "write one out of a file",
            "Stores the document in FILE as the whole route. It holds from the next request on.\n"
            "An alias with a * stands for every name that it matches.",
            "llm-cp route put gpt-5.5 route.json\n"
            "llm-cp route put 'gpt-*' - <<'END'\n"
            '{"strategy": "priority", "targets": [{"provider": "openai", "model": "*"}]}\n'
            "END",
            _put,
            (_ALIAS, FILE, IF_MATCH, FORCE),
        ),
        "delete": Command(
            "delete one",
            "Deletes a route. The name is unknown from the next request on, unless a glob matches\n"
            "it. Asks first on a terminal.",
            "llm-cp route delete gpt-5.5 --yes",
            _delete,
            (_ALIAS, YES, FORCE),
            has_json=False,
        ),
    },
)
