"""What a subcommand is: a row of a table, and the command line made out of the rows."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from controlplane import __version__
from controlplane.cli.errors import EXIT_FAILED
from controlplane.cli.session import Session

DESCRIPTION = """\
Asks a running gateway. Its address and your token come from LLM_CP_URL and LLM_CP_ADMIN_TOKEN;
`make run` writes both to .local/env (set -a; . .local/env; set +a)."""
EXAMPLES = """\
llm-cp whoami                                  is the address right, and the token?
llm-cp app create "Support assistant" --id app-support
llm-cp key create Production --app app-support
llm-cp policy put application/app-support policy.json
llm-cp requests follow --status 4xx
llm-cp usage --group-by model,day
llm-cp key create --help                       every command has examples"""
EXITS = "0 done, 1 a difference or a finding, 2 wrong use or a refusal, 130 interrupted"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, as `ArgumentParser.add_argument` takes it."""

    names: tuple[str, ...]
    options: Mapping[str, Any]


def argument(*names: str, **options: Any) -> Argument:
    """A row of `Command.arguments`."""
    return Argument(names, options)


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand.

    `run` returns the exit code and raises CommandError. `examples` are lines of a shell, `exits`
    says what its exit codes mean. `has_json` is False where there is no answer to print as it is.
    """

    summary: str
    description: str
    examples: str
    run: Callable[[argparse.Namespace, Session], int]
    arguments: tuple[Argument, ...] = ()
    exits: str = "0 done, 2 wrong use or a refusal"
    has_json: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Subcommands about one resource."""

    summary: str
    description: str
    examples: str
    commands: Mapping[str, Command]


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
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
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
