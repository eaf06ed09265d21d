"""`llm-cp requests`: the audit records."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from controlplane.cli.command import EXIT_OK, Command, Group, argument
from controlplane.cli.export import export_requests
from controlplane.cli.follow import PAGE_ROWS, follow_requests
from controlplane.cli.options import NEWEST, number, seconds, segment
from controlplane.cli.request_rows import COLUMNS, FILTERS, PATH, wanted_requests
from controlplane.cli.terminal import note, shown

if TYPE_CHECKING:
    from controlplane.cli.session import Session


def _list(arguments: argparse.Namespace, session: Session) -> int:
    found = session.gateway.listing(PATH, wanted_requests(arguments), arguments.limit)
    if arguments.json:
        session.terminal.raw(found.text)
        return EXIT_OK
    session.terminal.table(COLUMNS, found.rows)
    if found.has_more:
        note("There are older ones: --limit shows more, `llm-cp requests export` all.")
    return EXIT_OK


def _get(arguments: argparse.Namespace, session: Session) -> int:
    answer = session.gateway.get(f"{PATH}/{segment(arguments.id)}")
    if arguments.json:
        session.terminal.raw(answer.text)
        return EXIT_OK
    record = dict(answer.body)
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
    return shown(f"{where}: {outcome}{status} after {attempt.get('latency_ms')} ms")


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
            "llm-cp requests list --app app-support --model gpt-4o --min-cost 0.25\n"
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
            follow_requests,
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
            export_requests,
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
