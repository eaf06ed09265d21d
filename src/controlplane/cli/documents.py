"""Files that a command reads, compares with what is stored, and writes."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from controlplane.cli.errors import EXIT_FOUND, EXIT_OK, CommandError
from controlplane.cli.terminal import Colour, Terminal, shown, visible

_COLOURS = {"+": Colour.GREEN, "-": Colour.RED, "@": Colour.CYAN}


def read_bytes(name: str) -> bytes:
    """A file, or standard input for `-`, without a byte order mark. Raises CommandError."""
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    return raw.removeprefix(b"\xef\xbb\xbf")


def read_document(name: str) -> tuple[bytes, Mapping[str, Any]]:
    """A file that holds a JSON object: as it stands, and read. Raises CommandError that says where
    it is wrong."""
    raw = read_bytes(name)
    try:
        document = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise CommandError(f"{name} is not text in UTF-8.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise CommandError(f"{name} is not JSON: {error.msg} ({place}).") from None
    except (ValueError, RecursionError):
        raise CommandError(f"{name} is not JSON that can be read.") from None
    if not isinstance(document, dict):
        raise CommandError(f"{name} must hold a JSON object.")
    return raw, document


def print_difference(
    terminal: Terminal,
    stored: Mapping[str, Any] | None,
    wanted: Mapping[str, Any],
    names: tuple[str, str],
) -> int:
    """A unified diff of two documents, whose order of fields does not count. EXIT_FOUND where there
    is one."""
    before, after = _lines(stored), _lines(wanted)
    difference = list(difflib.unified_diff(before, after, *names, lineterm=""))
    for index, line in enumerate(difference):
        colour = Colour.BOLD if index < 2 else _COLOURS.get(line[:1])
        print(terminal.paint(shown(line), colour))
    return EXIT_FOUND if difference else EXIT_OK


@contextlib.contextmanager
def written_whole(target: Path) -> Iterator[BinaryIO]:
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


def _lines(document: Mapping[str, Any] | None) -> list[str]:
    if document is None:
        return []
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    return visible(text).split("\n")
