"""The command line, made out of the tables."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Mapping
from typing import NoReturn

from controlplane.cli.command import EXIT_FAILED, Argument, Command, Group, argument

DESCRIPTION = """\
Asks a running gateway. Its address and your token come from LLM_CP_URL and LLM_CP_ADMIN_TOKEN;
`make run` writes both to .local/env (set -a; . .local/env; set +a)."""
EXAMPLES = """\
llm-cp app create "Support assistant" --id app-support
llm-cp key create Production --app app-support
llm-cp policy put application/app-support policy.json
llm-cp requests follow --status 4xx
llm-cp usage --group-by model,day
llm-cp key create --help                       every command has examples"""
EXITS = "0 done, 1 a difference or a finding, 2 wrong use or a refusal, 130 interrupted"

_CONNECTION = (
    argument("--url", help="where the gateway listens (default: $LLM_CP_URL)"),
    argument("--token", help="a key or token (default: $LLM_CP_ADMIN_TOKEN)"),
)
_JSON = argument("--json", action="store_true", help="print the gateway's answer as it is")


class _Parser(argparse.ArgumentParser):
    """Wrong use is one sentence, without the usage lines."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_FAILED, f"{self.prog}: {message} (--help shows how)\n")


def build_parser(table: Mapping[str, Command | Group]) -> argparse.ArgumentParser:
    """Its namespace has the `command`, its `prog`, and the arguments."""
    parser = _Parser(
        prog="llm-cp",
        description=DESCRIPTION,
        epilog=_epilog(EXAMPLES, EXITS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_rows(parser, table)
    return parser


def _add_rows(parser: argparse.ArgumentParser, table: Mapping[str, Command | Group]) -> None:
    rows = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", parser_class=_Parser
    )
    for name, entry in table.items():
        exits = entry.exits if isinstance(entry, Command) else None
        row = rows.add_parser(
            name,
            help=entry.summary,
            description=entry.description,
            epilog=_epilog(entry.examples, exits),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if isinstance(entry, Group):
            _add_rows(row, entry.commands)
        else:
            _add_arguments(row, (*entry.arguments, *_CONNECTION))
            if entry.has_json:
                _add_arguments(row, (_JSON,))
            row.set_defaults(command=entry, prog=row.prog)


def _add_arguments(parser: argparse.ArgumentParser, arguments: tuple[Argument, ...]) -> None:
    for each in arguments:
        parser.add_argument(*each.names, **each.options)


def _epilog(examples: str, exits: str | None) -> str:
    text = f"examples:\n{textwrap.indent(examples, '  ')}"
    return text if exits is None else f"{text}\n\nexit code: {exits}."
