"""`llm-cp audit`: marked lines of the log come back into the audit trail."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.documents import read_bytes
from controlplane.cli.errors import EXIT_FOUND, EXIT_OK, CommandError
from controlplane.cli.invoke import FUNCTION, invoke
from controlplane.cli.marked_lines import Marked, marked_lines
from controlplane.cli.session import Session
from controlplane.cli.terminal import note

# Lambda takes 6 MB; some events of 2 KB are stored together within seconds.
PIECE_BYTES = 1_000_000
PIECE_EVENTS = 200
SHOWN = 20


def _recover(arguments: argparse.Namespace, session: Session) -> int:
    found = marked_lines(read_bytes(arguments.file).decode(errors="replace"))
    stored, refused, left = 0, list[int](), list[int]()
    if not arguments.dry_run:
        for piece in _pieces(found.events):
            event = {"type": "audit-recover", "events": [each.document for each in piece]}
            result = invoke(arguments.function, session, event, "The recovery").body
            stored += _number(result.get("stored"))
            refused += [piece[place].line for place in _places(result.get("refused"), piece)]
            left += [piece[place].line for place in _places(result.get("left"), piece)]
            note(f"{stored} of {len(found.events)} in the trail")
    summary = {
        "found": len(found.events),
        "repeated": found.repeated,
        "stored": stored,
        "unreadable_lines": found.unreadable,
        "refused_lines": refused,
        "left_lines": left,
    }
    if session.as_json:
        session.terminal.raw(json.dumps(summary))
    else:
        _print(summary, dry_run=arguments.dry_run)
    return EXIT_FOUND if found.unreadable or refused or left else EXIT_OK


def _print(summary: Mapping[str, Any], *, dry_run: bool) -> None:
    repeated = f" ({summary['repeated']} more of the same)" if summary["repeated"] else ""
    print(f"{summary['found']} events found{repeated}")
    if not dry_run:
        print(f"{summary['stored']} are in the trail")
    for name, what in (
        ("unreadable_lines", "cannot be read"),
        ("refused_lines", "were refused"),
        ("left_lines", "could not be stored now: run this again"),
    ):
        if lines := summary[name]:
            more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
            print(f"{len(lines)} {what}: line {', '.join(map(str, lines[:SHOWN]))}{more}")


def _pieces(events: Sequence[Marked]) -> Iterator[Sequence[Marked]]:
    piece, size = list[Marked](), 0
    for each in events:
        length = len(json.dumps(each.document))
        if piece and (len(piece) == PIECE_EVENTS or size + length > PIECE_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(each)
        size += length
    if piece:
        yield piece


def _number(value: Any) -> int:
    if type(value) is not int:
        raise CommandError("The answer is not one of the function's; is it an older version?")
    return value


def _places(value: Any, piece: Sequence[Marked]) -> list[int]:
    if not isinstance(value, list) or not all(
        type(each) is int and 0 <= each < len(piece) for each in value
    ):
        raise CommandError("The answer is not one of the function's; is it an older version?")
    return value


GROUP = Group(
    "the audit trail: recover what is only in the log",
    "Where neither the queue nor the bucket took an event, the log has it in a marked line.",
    "llm-cp audit recover lines.json",
    {
        "recover": Command(
            "bring marked log lines into the trail",
            """\
Finds the lines marked AUDIT_SPILL in FILE and has the function store their events: that of the
local stack at LLM_CP_URL, or with --function one in AWS, with the credentials and the region of
your environment. FILE may be the log itself, or what CloudWatch exports of it, as JSON, CSV or
text; other lines are passed over. An event is in the trail once, however often it is sent. What
lies in the bucket comes back by itself.""",
            """\
aws logs filter-log-events --log-group-name /aws/lambda/llm-cp-prod \\
  --filter-pattern AUDIT_SPILL > lines.json
llm-cp audit recover lines.json --dry-run                      what is in there?
llm-cp audit recover lines.json --function llm-cp-prod:live
grep AUDIT_SPILL .local/logs/gateway.log | llm-cp audit recover -   the local stack""",
            _recover,
            (
                argument("file", metavar="FILE", help="lines of the log; - is standard input"),
                argument("--dry-run", action="store_true", help="look, and send nothing"),
                FUNCTION,
            ),
            exits="0 all are in the trail, 1 some are not, 2 wrong use or a refusal",
        )
    },
)
