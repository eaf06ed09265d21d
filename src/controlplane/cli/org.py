"""`llm-cp org`: the organisation of the credential."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.errors import CommandError
from controlplane.cli.options import FORCE, condition, segment
from controlplane.cli.session import Session
from controlplane.cli.terminal import minute

if TYPE_CHECKING:
    from controlplane.cli.admin_client import Response

PATH = "/admin/v1/organizations"


def _get(arguments: argparse.Namespace, session: Session) -> int:
    return _show(session, _own(session))


def _rename(arguments: argparse.Namespace, session: Session) -> int:
    own = _own(session)
    renamed = session.gateway.send(
        "PATCH",
        f"{PATH}/{segment(str(own.body.get('id')))}",
        {"name": arguments.name},
        headers=condition(arguments, own),
    )
    return _show(session, renamed)


def _own(session: Session) -> Response:
    rows = session.gateway.listing(PATH).rows
    if not rows:
        raise CommandError("The organisation of this token is not there any more.")
    return session.gateway.get(f"{PATH}/{segment(str(rows[0].get('id')))}")


def _show(session: Session, response: Response) -> int:
    own = response.body
    fields = {
        "id": own.get("id"),
        "name": own.get("name"),
        "created": minute(own.get("created_at")),
    }
    return session.show_fields(fields, response)


GROUP = Group(
    "show or rename your organisation",
    "The organisation that your token belongs to.",
    "llm-cp org get\nllm-cp org rename Acme",
    {
        "get": Command(
            "show it", "Shows your organisation.", "llm-cp org get\nllm-cp org get --json", _get
        ),
        "rename": Command(
            "give it another name",
            "Gives your organisation another name. Its id stays.",
            'llm-cp org rename "Acme Inc."',
            _rename,
            (argument("name", metavar="NAME", help="what people call it"), FORCE),
        ),
    },
)
