"""`llm-cp provider`: which kinds of provider the gateway has."""

from __future__ import annotations

import argparse

from controlplane.cli.command import Command, Group
from controlplane.cli.options import LIMIT
from controlplane.cli.session import Session
from controlplane.cli.terminal import Colour, Column, Row

PATH = "/admin/v1/providers"


def _colour(row: Row) -> Colour | None:
    return Colour.GREEN if row.get("configured") else None


def _names(row: Row) -> str:
    names = row.get("providers")
    return ", ".join(map(str, names)) if isinstance(names, list) else ""


COLUMNS = (
    Column("KIND", lambda row: row.get("kind")),
    Column("CONFIGURED", lambda row: row.get("configured"), colour=_colour),
    Column("PROVIDERS", _names),
)


def _list(arguments: argparse.Namespace, session: Session) -> int:
    return session.show_table(COLUMNS, session.gateway.listing(PATH, limit=arguments.limit))


GROUP = Group(
    "providers: list",
    "The operator of the gateway configures providers, for all organisations alike. Targets of\n"
    "routes name them.",
    "llm-cp provider list",
    {
        "list": Command(
            "list the kinds, and what is configured",
            "Lists every kind of provider, and the configured providers of it by the names that\n"
            "targets of routes use. Addresses and keys are not shown.",
            "llm-cp provider list\nllm-cp provider list --json | jq -r '.data[].providers[]'",
            _list,
            (LIMIT,),
        ),
    },
)
