"""`llm-cp scan`: what screening would find in a file."""

from __future__ import annotations

import argparse
import json
from typing import Any

from controlplane.cli.command import Command, argument
from controlplane.cli.documents import read_bytes
from controlplane.cli.errors import EXIT_FOUND, EXIT_OK, CommandError, NotTheGateway
from controlplane.cli.session import Session
from controlplane.cli.terminal import Column, Row, shown

PATH = "/admin/v1/screening/test"
COLUMNS = (
    Column("PLACE", lambda row: row["place"]),
    Column("KIND", lambda row: row["kind"]),
    Column("OFFSET", lambda row: str(row["offset"]), right=True),
    Column("LENGTH", lambda row: str(row["length"]), right=True),
)


def _scan(arguments: argparse.Namespace, session: Session) -> int:
    raw = read_bytes(arguments.file)
    is_chat = _is_chat_request(raw)
    request = raw if is_chat else _as_message(raw)
    # A chat request goes as it stands: written anew, a long number would be another one.
    response = session.gateway.send("POST", PATH, b'{"request":' + request + b"}")
    action, findings = response.body.get("action"), _findings(response.body.get("findings"))
    if not isinstance(action, str) or findings is None:
        raise NotTheGateway
    if session.as_json:
        session.terminal.raw(response.text)
    else:
        what = "a chat request" if is_chat else "as text"
        print(f"{shown(action)} ({what}, {len(findings)} found)")
        session.terminal.table(COLUMNS, findings)
    return EXIT_FOUND if action in ("redact", "block") else EXIT_OK


def _findings(value: Any) -> list[Row] | None:
    names = {"place", "kind", "offset", "length"}
    if not isinstance(value, list):
        return None
    return value if all(isinstance(row, dict) and names <= set(row) for row in value) else None


def _is_chat_request(raw: bytes) -> bool:
    try:
        document = json.loads(raw.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "messages" in document


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _as_message(raw: bytes) -> bytes:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise CommandError("The file is not text in UTF-8.") from None
    # The model is never called; its name only makes the request whole.
    return json.dumps({"model": "none", "messages": [{"role": "user", "content": text}]}).encode()


COMMAND = Command(
    "show what screening finds in a file, and does",
    """\
Shows what screening would find in FILE, and do, under the policy of your token. The text goes to
the gateway and no further: nothing is sent to a provider, kept or recorded. The table shows no
found value.""",
    """\
llm-cp scan request.json                       a chat request: a JSON object with 'messages'
llm-cp scan notes.txt                          any other text is sent as one user message
git diff --cached | llm-cp scan -              standard input, say before a commit
llm-cp scan --json notes.txt | jq .redacted    the gateway's whole answer""",
    _scan,
    (
        argument(
            "file", metavar="FILE", help="a chat request as JSON, or any text; - is standard input"
        ),
    ),
    exits="0 nothing to act on (allow or flag), 1 redact or block, 2 wrong use or a refusal",
)
