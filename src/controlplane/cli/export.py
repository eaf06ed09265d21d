"""`llm-cp requests export`: all records in one file."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from controlplane.cli.command import EXIT_OK, CommandError
from controlplane.cli.request_rows import PATH, wanted_requests
from controlplane.cli.terminal import note, shown

if TYPE_CHECKING:
    from controlplane.cli.session import Session

NEXT_CURSOR = "x-next-cursor"


def export_requests(arguments: argparse.Namespace, session: Session) -> int:
    """Write every part of the export to one file."""
    form = arguments.format or _suffix(arguments.file)
    if arguments.file == "-":
        for part in _parts(arguments, session, form):
            _print(part)
        return EXIT_OK
    target = Path(arguments.file)
    if target.exists() and not arguments.force:
        raise CommandError(f"{target} exists; --force replaces it.")
    size = 0
    with _written_whole(target) as file:
        for part in _parts(arguments, session, form):
            size += file.write(part)
    note(f"{target}: {size:,} bytes.")
    return EXIT_OK


def _parts(arguments: argparse.Namespace, session: Session, form: str) -> Iterator[bytes]:
    wanted = {**wanted_requests(arguments), "format": form}
    is_first = True
    while True:
        answer = session.gateway.file(PATH, wanted)
        # Every part of a CSV has the line of names.
        yield answer.content if is_first or form != "csv" else answer.content.partition(b"\n")[2]
        cursor = answer.headers.get(NEXT_CURSOR)
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


@contextlib.contextmanager
def _written_whole(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` once it is whole. Raises CommandError."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).replace(target)
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        Path(name).unlink(missing_ok=True)
