"""What a subcommand is: a row of a table. `COMMANDS` holds them all."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controlplane.errors import ControlPlaneError

if TYPE_CHECKING:
    from controlplane.cli.session import Session

EXIT_OK, EXIT_FOUND, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 130


class CommandError(ControlPlaneError):
    """The command cannot be done; the message is one sentence for a person, `details` are lines
    below it."""

    def __init__(self, message: str, *details: str) -> None:
        super().__init__(message)
        self.details = details


class Unanswered(CommandError):
    """The gateway did not answer, or not now: asking again may help."""


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

    `run` answers the exit code and raises CommandError. `examples` are lines of a shell, `exits`
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
