"""`llm-cp policy`: what only reads."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Any

from controlplane.cli.command import EXIT_FOUND, EXIT_OK, CommandError
from controlplane.cli.documents import print_difference
from controlplane.cli.files import read_bytes, read_document
from controlplane.cli.options import note_tag, segment
from controlplane.cli.terminal import Column, Row, minute, note

if TYPE_CHECKING:
    from controlplane.cli.admin_client import Answer
    from controlplane.cli.session import Session

PATH = "/admin/v1/policies"
# Those of `domain.access.Level`, which `--help` does not have to load.
LEVELS = ("organization", "application", "api-key", "user")


def _says(row: Row) -> str:
    document = row.get("document")
    return ", ".join(document) or "nothing" if isinstance(document, dict) else "(removed)"


_VERSION = (
    Column("VERSION", lambda row: row.get("version"), right=True),
    Column("SINCE (UTC)", lambda row: minute(row.get("created_at"))),
    Column("BY", lambda row: row.get("changed_by")),
    Column("SAYS", _says),
)
COLUMNS = (Column("POLICY", lambda row: row.get("id")), *_VERSION)
SOURCES = (
    Column("POLICY", lambda row: f"{row.get('level')}/{row.get('subject_id')}"),
    Column("VERSION", lambda row: row.get("version"), right=True),
    Column("MODE", lambda row: row.get("mode")),
    Column("STATE", lambda row: str(row.get("state")).replace("_", " ")),
)


def list_policies(arguments: argparse.Namespace, session: Session) -> int:
    """All, or those of a level."""
    found = session.gateway.listing(PATH, {"level": arguments.level}, arguments.limit)
    if arguments.json:
        session.terminal.raw(found.text)
    else:
        session.terminal.table(COLUMNS, found.rows)
    return EXIT_OK


def get_policy(arguments: argparse.Namespace, session: Session) -> int:
    """The document that is stored, or that of an older version."""
    address = address_of(arguments.subject)
    found: Answer | None = None
    if arguments.version is None:
        found = session.gateway.get(address)
        stored, text = found.body, found.text
    else:
        stored = _version(session, address, arguments.version)
        text = import_module("json").dumps(stored)
    if arguments.json:
        session.terminal.raw(text)
        return EXIT_OK
    if stored.get("document") is None:
        raise CommandError(f"Version {stored.get('version')} is a removal: it has no document.")
    session.terminal.json(stored["document"])
    by = stored.get("changed_by") or "an event"
    note(f"version {stored.get('version')}, {minute(stored.get('created_at'))} UTC, by {by}")
    if found is not None:
        note_tag(found)
    return EXIT_OK


def diff_policy(arguments: argparse.Namespace, session: Session) -> int:
    """What `put` would change; EXIT_FOUND where it would."""
    _, wanted = read_document(arguments.file)
    stored = session.gateway.find(address_of(arguments.subject))
    document: dict[str, Any] | None = None
    name = f"{arguments.subject} (none)"
    if stored is not None:
        document = stored.body.get("document")
        name = f"{arguments.subject} (version {stored.body.get('version')})"
    return print_difference(session.terminal, document, wanted, (name, arguments.file))


def validate_policy(arguments: argparse.Namespace, session: Session) -> int:
    """The faults of a file, found here; EXIT_FOUND where there are any."""
    # Rules load a pattern engine; `--help` does without.
    faults = import_module("controlplane.cli.policy_faults").faults_of(read_bytes(arguments.file))
    if not faults:
        note(f"{arguments.file} is a policy.")
        return EXIT_OK
    columns = (Column("FIELD", lambda row: row["field"]), Column("FAULT", lambda row: row["fault"]))
    session.terminal.table(columns, faults)
    return EXIT_FOUND


def list_versions(arguments: argparse.Namespace, session: Session) -> int:
    """Every version, newest first."""
    address = f"{address_of(arguments.subject)}/versions"
    found = session.gateway.listing(address, limit=arguments.limit)
    if arguments.json:
        session.terminal.raw(found.text)
    else:
        session.terminal.table(_VERSION, found.rows)
    return EXIT_OK


def effective_policy(arguments: argparse.Namespace, session: Session) -> int:
    """What holds for a caller."""
    wanted = {
        "application_id": arguments.app,
        "key_id": arguments.key,
        "user_id": arguments.user,
    }
    answer = session.gateway.get(f"{PATH}/effective", wanted)
    if arguments.json:
        session.terminal.raw(answer.text)
        return EXIT_OK
    documents = answer.body.get("documents")
    if isinstance(documents, list) and documents:
        session.terminal.table(SOURCES, documents)
        print()
    session.terminal.json(answer.body.get("policy"))
    if answer.body.get("shadow") is not None:
        print("\nonly tried out:")
        session.terminal.json(answer.body["shadow"])
    return EXIT_OK


def address_of(subject: str) -> str:
    """`application/app-support` as the address of its policy. Raises CommandError."""
    level, slash, subject_id = subject.partition("/")
    if level not in LEVELS or not slash:
        raise CommandError(
            f"A policy is named LEVEL/ID, such as application/app-support; "
            f"LEVEL is one of {', '.join(LEVELS)}."
        )
    return f"{PATH}/{level}/{segment(subject_id)}"


def _version(session: Session, address: str, version: int) -> Row:
    for rows, _ in session.gateway.pages(f"{address}/versions", {}):
        for row in rows:
            if row.get("version") == version:
                return row
    raise CommandError(f"There is no version {version}; `llm-cp policy history` lists them.")
