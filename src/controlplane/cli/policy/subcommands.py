"""`llm-cp policy`: what each subcommand does."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from controlplane.cli.documents import print_difference, read_bytes, read_document
from controlplane.cli.errors import EXIT_FOUND, EXIT_OK, CommandError
from controlplane.cli.options import condition, note_tag, segment
from controlplane.cli.session import Session
from controlplane.cli.terminal import Column, Row, confirm, minute, note

if TYPE_CHECKING:
    from controlplane.cli.admin_client import Response

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
    return session.show_table(
        COLUMNS, session.gateway.listing(PATH, {"level": arguments.level}, arguments.limit)
    )


def get_policy(arguments: argparse.Namespace, session: Session) -> int:
    """The document that is stored, or that of an older version."""
    address = _address(arguments.subject)
    found: Response | None = None
    if arguments.version is None:
        found = session.gateway.get(address)
        stored, text = found.body, found.text
    else:
        stored = _version(session, address, arguments.version)
        text = json.dumps(stored)
    if session.as_json:
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
    stored = session.gateway.find(_address(arguments.subject))
    document: dict[str, Any] | None = None
    name = f"{arguments.subject} (none)"
    if stored is not None:
        document = stored.body.get("document")
        name = f"{arguments.subject} (version {stored.body.get('version')})"
    return print_difference(session.terminal, document, wanted, (name, arguments.file))


def validate_policy(arguments: argparse.Namespace, session: Session) -> int:
    """The faults of a file, found here; EXIT_FOUND where there are any."""
    faults = _faults(read_bytes(arguments.file))
    if not faults:
        note(f"{arguments.file} is a policy.")
        return EXIT_OK
    columns = (Column("FIELD", lambda row: row["field"]), Column("FAULT", lambda row: row["fault"]))
    session.terminal.table(columns, faults)
    return EXIT_FOUND


def list_versions(arguments: argparse.Namespace, session: Session) -> int:
    """Every version, newest first."""
    address = f"{_address(arguments.subject)}/versions"
    return session.show_table(_VERSION, session.gateway.listing(address, limit=arguments.limit))


def effective_policy(arguments: argparse.Namespace, session: Session) -> int:
    """What holds for a caller."""
    wanted = {
        "application_id": arguments.app,
        "key_id": arguments.key,
        "user_id": arguments.user,
    }
    response = session.gateway.get(f"{PATH}/effective", wanted)
    if session.as_json:
        session.terminal.raw(response.text)
        return EXIT_OK
    documents = response.body.get("documents")
    if isinstance(documents, list) and documents:
        session.terminal.table(SOURCES, documents)
        print()
    session.terminal.json(response.body.get("policy"))
    if response.body.get("shadow") is not None:
        print("\nonly tried out:")
        session.terminal.json(response.body["shadow"])
    return EXIT_OK


def put_policy(arguments: argparse.Namespace, session: Session) -> int:
    """Store a file as the whole policy."""
    raw, _ = read_document(arguments.file)
    address = _address(arguments.subject)
    stored = session.gateway.find(address)
    response = session.gateway.send("PUT", address, raw, headers=condition(arguments, stored))
    return _written(arguments, session, response, stored)


def delete_policy(arguments: argparse.Namespace, session: Session) -> int:
    """Remove a policy."""
    address = _address(arguments.subject)
    stored = session.gateway.get(address)
    confirm(f"Remove the policy of {arguments.subject}? Its limits end.", yes=arguments.yes)
    session.gateway.send("DELETE", address, headers=condition(arguments, stored))
    version = stored.body.get("version")
    note(f"Removed. `llm-cp policy rollback {arguments.subject} {version}` brings it back.")
    return EXIT_OK


def roll_back(arguments: argparse.Namespace, session: Session) -> int:
    """Store an older version anew."""
    address = _address(arguments.subject)
    stored = session.gateway.find(address)
    # Where it is removed there is nothing to hold the write to.
    headers = {} if stored is None else condition(arguments, stored)
    body = {"version": arguments.version}
    response = session.gateway.send("POST", f"{address}/rollback", body, headers=headers)
    return _written(arguments, session, response, stored)


def _written(
    arguments: argparse.Namespace, session: Session, response: Response, stored: Response | None
) -> int:
    if session.as_json:
        session.terminal.raw(response.text)
        return EXIT_OK
    version = response.body.get("version")
    before = None if stored is None else stored.body.get("version")
    if version == before:
        note(f"{arguments.subject}: nothing to change, version {version} says the same.")
    else:
        was = "new" if before is None else f"was {before}"
        note(f"{arguments.subject}: version {version} ({was}) holds now.")
    return EXIT_OK


def _faults(raw: bytes) -> list[Row]:
    # The gateway's own rules load a pattern engine; `--help` does without.
    from controlplane.domain.body import parse_object
    from controlplane.errors import InvalidRequest
    from controlplane.policy.document import check_policy
    from controlplane.policy.shape import InvalidPolicy

    try:
        check_policy(parse_object(raw))
    except InvalidPolicy as error:
        return [{"field": field, "fault": fault} for field, fault in error.errors]
    except InvalidRequest as error:
        raise CommandError(error.message.replace("The request body", "The file")) from None
    return []


def _address(subject: str) -> str:
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
