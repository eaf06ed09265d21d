"""Arguments that several commands have, and what they mean."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from controlplane.cli.command import argument
from controlplane.cli.errors import CommandError
from controlplane.cli.terminal import note

if TYPE_CHECKING:
    from controlplane.cli.admin_client import Response


MAX_SECONDS = 3600.0


def number(low: int, high: int) -> Callable[[str], int]:
    """The type of an argument that is an integer from `low` to `high`."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and low <= int(text[:9]) <= high:
            return int(text[:9])
        raise argparse.ArgumentTypeError(f"must be a number from {low} to {high}")

    return read


def seconds(text: str) -> float:
    """The type of an argument that is a time to wait."""
    try:
        if 0 <= float(text) <= MAX_SECONDS:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"must be seconds from 0 to {MAX_SECONDS:.0f}")


def entity_tag(text: str) -> str:
    """The type of an argument that is an ETag (RFC 9110, section 8.8.3); shells eat its quotes."""
    if re.fullmatch(r'"[!#-~]+"', text):
        return text
    if re.fullmatch(r"[!#-~]+", text):
        return f'"{text}"'
    raise argparse.ArgumentTypeError("must be an ETag, as `get` shows it")


_ROWS = number(1, 100_000)
YES = argument("--yes", "-y", action="store_true", help="do not ask")
FORCE = argument("--force", action="store_true", help="also where it has changed in the meantime")
IF_MATCH = argument(
    "--if-match",
    type=entity_tag,
    metavar="ETAG",
    help="only where it still is what `get` showed with this ETag",
)
LIMIT = argument("--limit", type=_ROWS, metavar="N", help="the first N rows (default: all)")
NEWEST = argument(
    "--limit", type=_ROWS, metavar="N", default=50, help="the newest N rows (default: 50)"
)
FILE = argument("file", metavar="FILE", help="a JSON document; - is standard input")


def segment(name: str) -> str:
    """`name` as one segment of an address. Raises CommandError where it cannot be one."""
    return path(name, safe="")


def path(name: str, safe: str = "/") -> str:
    """`name`, which may hold slashes, as the end of an address. Raises CommandError where it
    cannot be one: the HTTP client takes `..` as the way up, and empty segments would be lost."""
    segments = name.split("/") if safe else [name]
    if any(part in ("", ".", "..") for part in segments):
        raise CommandError("An empty name, '.' and '..' cannot stand in an address.")
    return quote(name, safe=safe)


def condition(arguments: argparse.Namespace, stored: Response | None) -> Mapping[str, str]:
    """The header that holds a write to what was read: the `--if-match` of an earlier look, else
    `stored`, or nothing. None with `--force`. Raises CommandError where both are given."""
    # Not all commands have it.
    earlier = getattr(arguments, "if_match", None)
    if earlier and arguments.force:
        raise CommandError("--force and --if-match contradict each other.")
    if earlier:
        return {"If-Match": earlier}
    if arguments.force:
        return {}
    if stored is None:
        return {"If-None-Match": "*"}
    return {"If-Match": stored.etag} if stored.etag else {}


def note_tag(response: Response) -> None:
    """Show the ETag beside the output, for a later `--if-match`."""
    if response.etag:
        note(f"ETag {response.etag}")
