"""`llm-cp app`: applications, which keys speak for."""

from __future__ import annotations

import argparse

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.errors import EXIT_OK
from controlplane.cli.options import FORCE, LIMIT, YES, condition, segment
from controlplane.cli.session import Session
from controlplane.cli.terminal import Column, confirm, minute, note

PATH = "/admin/v1/applications"
COLUMNS = (
    Column("ID", lambda row: row.get("id")),
    Column("NAME", lambda row: row.get("name")),
    Column("CREATED", lambda row: minute(row.get("created_at"))),
)
_ID = argument("id", metavar="APP", help="the id of an application")
_NAME = argument("name", metavar="NAME", help="what people call it")


def _list(arguments: argparse.Namespace, session: Session) -> int:
    return session.show_table(COLUMNS, session.gateway.listing(PATH, limit=arguments.limit))


def _create(arguments: argparse.Namespace, session: Session) -> int:
    wanted = {"name": arguments.name} | ({"id": arguments.id} if arguments.id else {})
    return session.show_table(COLUMNS, session.gateway.send("POST", PATH, wanted))


def _get(arguments: argparse.Namespace, session: Session) -> int:
    return session.show_table(COLUMNS, session.gateway.get(_address(arguments)))


def _rename(arguments: argparse.Namespace, session: Session) -> int:
    address = _address(arguments)
    headers = condition(arguments, session.gateway.get(address))
    renamed = session.gateway.send("PATCH", address, {"name": arguments.name}, headers=headers)
    return session.show_table(COLUMNS, renamed)


def _delete(arguments: argparse.Namespace, session: Session) -> int:
    address = _address(arguments)
    stored = session.gateway.get(address)
    name = f"'{stored.body.get('name')}' ({arguments.id})"
    confirm(f"Delete the application {name}? All its keys are revoked.", yes=arguments.yes)
    session.gateway.send("DELETE", address, headers=condition(arguments, stored))
    note(f"Deleted {name}; its keys are revoked.")
    return EXIT_OK


def _address(arguments: argparse.Namespace) -> str:
    return f"{PATH}/{segment(arguments.id)}"


GROUP = Group(
    "applications: list, create, get, rename, delete",
    "Applications are what keys speak for, and what policies, records and usage go by.",
    'llm-cp app create "Support assistant" --id app-support\nllm-cp app list',
    {
        "list": Command(
            "list them",
            "Lists the applications of your organisation, without the deleted ones.",
            "llm-cp app list\nllm-cp app list --json | jq -r '.data[].id'",
            _list,
            (LIMIT,),
        ),
        "create": Command(
            "make one",
            "Makes an application. Its id is for ever; it is made up where you give none.",
            'llm-cp app create "Support assistant" --id app-support',
            _create,
            (_NAME, argument("--id", metavar="APP", help="a-z, 0-9 and '-', at most 64")),
        ),
        "get": Command(
            "show one", "Shows one application.", "llm-cp app get app-support", _get, (_ID,)
        ),
        "rename": Command(
            "give one another name",
            "Gives an application another name. Its id stays.",
            'llm-cp app rename app-support "Support, Europe"',
            _rename,
            (_ID, _NAME, FORCE),
        ),
        "delete": Command(
            "delete one, and revoke its keys",
            "Deletes an application. Its keys stop working with the next request; its records\n"
            "stay, so its id is not free again. Asks first on a terminal.",
            "llm-cp app delete app-support\nllm-cp app delete app-support --yes",
            _delete,
            (_ID, YES, FORCE),
            has_json=False,
        ),
    },
)
