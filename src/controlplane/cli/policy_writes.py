"""`llm-cp policy`: what changes policies."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from controlplane.cli.command import EXIT_OK
from controlplane.cli.files import read_document
from controlplane.cli.options import condition
from controlplane.cli.policy_reads import address_of
from controlplane.cli.terminal import confirm, note

if TYPE_CHECKING:
    from controlplane.cli.admin_client import Answer
    from controlplane.cli.session import Session


def put_policy(arguments: argparse.Namespace, session: Session) -> int:
    """Store a file as the whole policy."""
    raw, _ = read_document(arguments.file)
    address = address_of(arguments.subject)
    stored = session.gateway.find(address)
    answer = session.gateway.send("PUT", address, raw, headers=condition(arguments, stored))
    return _written(arguments, session, answer, stored)


def delete_policy(arguments: argparse.Namespace, session: Session) -> int:
    """Remove a policy."""
    address = address_of(arguments.subject)
    stored = session.gateway.get(address)
    confirm(f"Remove the policy of {arguments.subject}? Its limits end.", yes=arguments.yes)
    session.gateway.send("DELETE", address, headers=condition(arguments, stored))
    version = stored.body.get("version")
    note(f"Removed. `llm-cp policy rollback {arguments.subject} {version}` brings it back.")
    return EXIT_OK


def roll_back(arguments: argparse.Namespace, session: Session) -> int:
    """Store an older version anew."""
    address = address_of(arguments.subject)
    stored = session.gateway.find(address)
    # Where it is removed there is nothing to hold the write to.
    headers = {} if stored is None else condition(arguments, stored)
    body = {"version": arguments.version}
    answer = session.gateway.send("POST", f"{address}/rollback", body, headers=headers)
    return _written(arguments, session, answer, stored)


def _written(
    arguments: argparse.Namespace, session: Session, answer: Answer, stored: Answer | None
) -> int:
    if arguments.json:
        session.terminal.raw(answer.text)
        return EXIT_OK
    version = answer.body.get("version")
    before = None if stored is None else stored.body.get("version")
    if version == before:
        note(f"{arguments.subject}: nothing to change, version {version} says the same.")
    else:
        was = "new" if before is None else f"was {before}"
        note(f"{arguments.subject}: version {version} ({was}) holds now.")
    return EXIT_OK
