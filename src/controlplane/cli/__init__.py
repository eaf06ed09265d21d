"""`llm-cp`: what an operator asks the gateway from a shell.

A resource is one file, a subcommand one row of its table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from controlplane.cli import (
    app,
    audit,
    budget,
    changes,
    declared,
    key,
    migrate,
    notify,
    org,
    policy,
    price,
    provider,
    requests,
    reset,
    route,
    scan,
    usage,
    whoami,
)
from controlplane.cli.command import Command, Group, build_parser
from controlplane.cli.errors import EXIT_FAILED, EXIT_INTERRUPTED, CommandError
from controlplane.cli.session import Session
from controlplane.cli.terminal import Terminal, note
from controlplane.config import cli_settings

if TYPE_CHECKING:
    import argparse

    import httpx

COMMANDS: Mapping[str, Command | Group] = {
    "whoami": whoami.COMMAND,
    "org": org.GROUP,
    "app": app.GROUP,
    "key": key.GROUP,
    "policy": policy.GROUP,
    "route": route.GROUP,
    "provider": provider.GROUP,
    "price": price.GROUP,
    "reset": reset.COMMAND,
    "plan": declared.PLAN,
    "apply": declared.APPLY,
    "export": declared.EXPORT,
    "usage": usage.COMMAND,
    "budget": budget.COMMAND,
    "notify": notify.GROUP,
    "requests": requests.GROUP,
    "audit": audit.GROUP,
    "changes": changes.GROUP,
    "scan": scan.COMMAND,
    "migrate": migrate.COMMAND,
}


def main(
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> int:
    """The command. Returns the exit code; argparse exits by itself after `--help` and wrong use."""
    arguments = build_parser(COMMANDS).parse_args(argv)
    settings = cli_settings(environ)
    session = Session(
        arguments.url or settings.url,
        arguments.token or settings.token,
        Terminal(settings.colours and sys.stdout.isatty()),
        as_json=getattr(arguments, "json", False),
        transport=transport,
    )
    try:
        return _run(arguments, session)
    finally:
        session.close()


def _run(arguments: argparse.Namespace, session: Session) -> int:
    try:
        code: int = arguments.command.run(arguments, session)
        sys.stdout.flush()
        return code
    except CommandError as error:
        note(f"{arguments.prog}: {error}")
        for detail in error.details:
            note(f"  {detail}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader has left, as `head` does; Python would complain once more when it flushes.
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
