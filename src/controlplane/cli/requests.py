"""`llm-cp requests`: the audit records."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controlplane.cli.command import Command, Group, argument
from controlplane.cli.documents import written_whole
from controlplane.cli.errors import EXIT_OK, CommandError
from controlplane.cli.follow import PAGE_ROWS, Follower
from controlplane.cli.options import NEWEST, number, seconds, segment
from controlplane.cli.session import Session
from controlplane.cli.terminal import Colour, Column, Row, note, second, shown

PATH = "/admin/v1/requests"
_NEXT_CURSOR = "x-next-cursor"

FILTERS = (
    argument("--from", dest="since", metavar="TIME", help="not before this day (UTC) or time"),
    argument("--to", dest="until", metavar="TIME", help="up to this day, or before this time"),
    argument("--app", metavar="APP", help="of this application"),
    argument("--subject", metavar="WHO", help="of this caller: key:<id> or user:<sub>"),
    argument("--model", metavar="MODEL", help="with this model asked for or served"),
    argument("--provider", metavar="PROVIDER", help="answered by this provider"),
    argument("--status", metavar="STATUS", help="such as 429, or a class such as 4xx"),
    argument("--code", metavar="CODE", help="such as insufficient_quota"),
    argument("--session", metavar="ID", help="of this session of a client"),
    argument("--agent", metavar="ID", help="of this agent of a client"),
    argument("--end-user", metavar="NAME", help="with this `user`"),
    argument("--tag", metavar="TAG", help="with this tag, such as team:search"),
    argument("--min-cost", metavar="USD", help="that cost this much or more, such as 0.25"),
)


def _wanted(arguments: argparse.Namespace) -> dict[str, Any]:
    """The filters as the gateway's parameters; None for those that are not given."""
    return {
        "from": getattr(arguments, "since", None),
        "to": getattr(arguments, "until", None),
        "application_id": arguments.app,
        "subject": arguments.subject,
        "model": arguments.model,
        "provider": arguments.provider,
        "status": arguments.status,
        "code": arguments.code,
        "session_id": arguments.session,
        "agent_id": arguments.agent,
        "end_user": arguments.end_user,
        "tag": arguments.tag,
        "min_cost": arguments.min_cost,
    }


def _colour(row: Row) -> Colour | None:
    status = row.get("status")
    if not isinstance(status, int) or status < 400:
        return None
    return Colour.YELLOW if status < 500 else Colour.RED


COLUMNS = (
    Column("TIME (UTC)", lambda row: second(row.get("occurred_at")), width=14),
    Column("STATUS", lambda row: row.get("status"), right=True, colour=_colour),
    Column("APPLICATION", lambda row: row.get("application_id"), width=16),
    Column("MODEL", lambda row: row.get("model_served") or row.get("model_requested"), width=24),
    Column("PROVIDER", lambda row: row.get("provider"), width=9),
    Column("TOKENS IN", lambda row: row.get("tokens_input"), right=True),
    Column("OUT", lambda row: row.get("tokens_output"), right=True, width=6),
    Column("COST USD", lambda row: row.get("cost_usd"), right=True, width=9),
    Column("MS", lambda row: row.get("latency_ms"), right=True, width=6),
    Column("REQUEST", lambda row: row.get("request_id"), width=36),
    Column("CODE", lambda row: row.get("code"), colour=_colour),
)


def _list(arguments: argparse.Namespace, session: Session) -> int:
    found = session.gateway.listing(PATH, _wanted(arguments), arguments.limit)
    session.show_table(COLUMNS, found)
    if found.has_more and not session.as_json:
        note("There are older ones: --limit shows more, `llm-cp requests export` all.")
    return EXIT_OK


def _get(arguments: argparse.Namespace, session: Session) -> int:
    response = session.gateway.get(f"{PATH}/{segment(arguments.id)}")
    if session.as_json:
        session.terminal.raw(response.text)
        return EXIT_OK
    record = dict(response.body)
    attempts = record.pop("attempts", None)
    # What is zero, false or empty in most records says nothing.
    session.terminal.fields({name: value for name, value in record.items() if value})
    for count, attempt in enumerate(attempts if isinstance(attempts, list) else [], start=1):
        print(f"attempt {count}  {_attempt(attempt)}")
    return EXIT_OK


def _attempt(attempt: Any) -> str:
    if not isinstance(attempt, dict):
        return ""
    outcome = attempt.get("failure") or "answered"
    status = f" {attempt['status']}" if attempt.get("status") else ""
    where = f"{attempt.get('provider')}/{attempt.get('model')}"
    ignored = attempt.get("ignored_params")
    without = f", without {', '.join(map(str, ignored))}" if isinstance(ignored, list) else ""
    return shown(f"{where}: {outcome}{status} after {attempt.get('latency_ms')} ms{without}")


def _follow(arguments: argparse.Namespace, session: Session) -> int:
    batches = Follower(session.gateway, PATH, _wanted(arguments)).batches(arguments.every)
    with contextlib.suppress(KeyboardInterrupt):
        before = next(batches)
        if not session.as_json:
            session.terminal.head(COLUMNS)
        _show(session, before[len(before) - arguments.last :])
        for new in batches:
            _show(session, new)
    return EXIT_OK


def _show(session: Session, records: list[Row]) -> None:
    for record in records:
        if session.as_json:
            session.terminal.raw(json.dumps(record, ensure_ascii=False))
        else:
            session.terminal.row(COLUMNS, record)


def _export(arguments: argparse.Namespace, session: Session) -> int:
    form = arguments.format or _suffix(arguments.file)
    if arguments.file == "-":
        for part in _parts(arguments, session, form):
            _print(part)
        return EXIT_OK
    target = Path(arguments.file)
    if target.exists() and not arguments.force:
        raise CommandError(f"{target} exists; --force replaces it.")
    size = 0
    with written_whole(target) as file:
        for part in _parts(arguments, session, form):
            size += file.write(part)
    note(f"{target}: {size:,} bytes.")
    return EXIT_OK


def _parts(arguments: argparse.Namespace, session: Session, form: str) -> Iterator[bytes]:
    wanted = {**_wanted(arguments), "format": form}
    is_first = True
    while True:
        response = session.gateway.file(PATH, wanted)
        # Every part of a CSV has the line of names.
        part = response.content
        yield part if is_first or form != "csv" else part.partition(b"\n")[2]
        cursor = response.headers.get(_NEXT_CURSOR)
        if not cursor:
            return
        wanted["cursor"], is_first = cursor, False


def _suffix(name: str) -> str:
    suffix = Path(name).suffix.removeprefix(".").lower()
    if suffix not in ("csv", "jsonl"):
        raise CommandError("Call the file .csv or .jsonl, or say --format.")
    return suffix


def _print(part: bytes) -> None:
    if sys.stdout.isatty():
        for line in part.decode().splitlines():
            print(shown(line))
    else:
        sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()


GROUP = Group(
    "audit records: list, get, follow, export",
    "The records of what applications asked: who, which model, what it cost. They hold no prompt.",
    "llm-cp requests list --status 4xx\n"
    "llm-cp requests follow --app app-support\n"
    "llm-cp requests export november.csv --from 2026-11-01 --to 2026-11-30",
    {
        "list": Command(
            "list them, newest first",
            "Lists audit records, newest first. All filters hold at once.",
            "llm-cp requests list --status 5xx --limit 200\n"
            "llm-cp requests list --app app-support --model gpt-5.5 --min-cost 0.25\n"
            "llm-cp requests list --json | jq -r '.data[] | [.request_id, .code] | @tsv'",
            _list,
            (*FILTERS, NEWEST),
        ),
        "get": Command(
            "show one",
            "Shows one record in full, with every attempt at a provider. It appears within\n"
            "seconds of the answer.",
            "llm-cp requests get req_0d6f7a52c1b94c0f8f5d2f5f6f1f9d11",
            _get,
            (argument("id", metavar="REQUEST", help="the x-request-id of an answer"),),
        ),
        "follow": Command(
            "show new ones as they come, until Ctrl-C",
            "Shows the newest records and then each new one, once, as soon as it is written: the\n"
            "long requests too, which began before others that were shown already.",
            "llm-cp requests follow\n"
            "llm-cp requests follow --status 4xx --app app-support\n"
            "llm-cp requests follow --json | jq -c '{request_id, cost_usd}'",
            _follow,
            (
                *(each for each in FILTERS if each.names[0] not in ("--from", "--to")),
                argument(
                    "--last",
                    type=number(0, PAGE_ROWS),
                    default=10,
                    metavar="N",
                    help="how many to begin with, at most 100 (default: 10)",
                ),
                argument(
                    "--every",
                    type=seconds,
                    default=2.0,
                    metavar="SECONDS",
                    help="how often to look (default: 2)",
                ),
            ),
            exits="0 ended by Ctrl-C, 2 wrong use or a refusal",
        ),
        "export": Command(
            "write them to a file",
            "Writes all records that the filters leave to FILE, newest first: CSV for\n"
            "spreadsheets, JSON lines for programs. The file is there once it is whole.",
            "llm-cp requests export november.csv --from 2026-11-01 --to 2026-11-30\n"
            "llm-cp requests export refused.jsonl --status 4xx\n"
            "llm-cp requests export - --format jsonl | gzip > all.jsonl.gz",
            _export,
            (
                argument("file", metavar="FILE", help="what to write; - is standard output"),
                argument("--format", choices=("csv", "jsonl"), help="(default: as FILE is called)"),
                argument("--force", action="store_true", help="replace FILE where it exists"),
                *FILTERS,
            ),
            has_json=False,
        ),
    },
)
