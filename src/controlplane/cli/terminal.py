"""What people read: tables, fields, colours, questions. No server tells the terminal what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from controlplane.cli.errors import CommandError

Row = Mapping[str, Any]


class Colour(Enum):
    """SGR codes (ECMA-48)."""

    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"
    BOLD = "1"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, the cell of a row (None is blank), where it stands and its colour.

    `width` is what a table that goes on without end keeps free for it.
    """

    title: str
    cell: Callable[[Row], Any]
    right: bool = False
    colour: Callable[[Row], Colour | None] | None = None
    width: int = 0


@dataclass(frozen=True, slots=True)
class Terminal:
    """Standard output. `colours` where it is a terminal whose owner has nothing against them."""

    colours: bool

    def paint(self, text: str, colour: Colour | None) -> str:
        """`text`, coloured where colours are shown."""
        return f"\x1b[{colour.value}m{text}\x1b[0m" if colour and self.colours else text

    def table(
        self, columns: Sequence[Column], rows: Sequence[Row], total: Row | None = None
    ) -> None:
        """Columns as wide as they need to be, those without any cell left out; `total` is a last
        row. Nothing where there is no row."""
        if not rows:
            return
        lines = [*rows, total] if total else rows
        texts = {column: [_text(column.cell(row)) for row in lines] for column in columns}
        used = [column for column in columns if any(texts[column])]
        widths = {
            column: max(len(column.title), *(len(text) for text in texts[column]))
            for column in used
        }
        self._line(used, [column.title for column in used], widths)
        for index, row in enumerate(lines):
            self._line(used, [texts[column][index] for column in used], widths, row)

    def head(self, columns: Sequence[Column]) -> None:
        """The head of a table that goes on without end."""
        self._line(columns, [column.title for column in columns], _fixed(columns))

    def row(self, columns: Sequence[Column], row: Row) -> None:
        """One more row of it, shown at once."""
        cells = [_text(column.cell(row)) for column in columns]
        self._line(columns, cells, _fixed(columns), row)
        sys.stdout.flush()

    def fields(self, values: Mapping[str, Any]) -> None:
        """One line a field; those that are null or empty left out."""
        texts = {name: _text(value) for name, value in values.items()}
        width = max((len(name) for name, text in texts.items() if text), default=0)
        for name, text in texts.items():
            if text:
                print(f"{self.paint(shown(name).ljust(width), Colour.BOLD)}  {text}")

    def json(self, value: Any) -> None:
        """A value as JSON that can be read, and edited."""
        print(visible(json.dumps(value, indent=2, ensure_ascii=False)))

    def raw(self, text: str) -> None:
        """JSON of the gateway: untouched for a program. On a terminal what it would obey is
        written as escapes, which mean the same."""
        print(visible(text) if sys.stdout.isatty() else text, flush=True)

    def _line(
        self,
        columns: Sequence[Column],
        cells: Sequence[str],
        widths: Mapping[Column, int],
        row: Row | None = None,
    ) -> None:
        placed = [
            self.paint(
                cell.rjust(widths[column]) if column.right else cell.ljust(widths[column]),
                Colour.BOLD if row is None else column.colour and column.colour(row),
            )
            for column, cell in zip(columns, cells, strict=True)
        ]
        print("  ".join(placed).rstrip())


def shown(text: str) -> str:
    """What a terminal prints and does not obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def visible(document: str) -> str:
    """JSON in which everything that a terminal would obey is an escape; line ends stay."""
    return "".join(
        char if char.isprintable() or char == "\n" else _escape(char) for char in document
    )


def note(text: str) -> None:
    """A line beside the output: on standard error, so that a pipe does not get it."""
    print(shown(text), file=sys.stderr)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal, unless `yes`. Raises CommandError where the answer is not yes."""
    if yes or not sys.stdin.isatty():
        return
    print(f"{shown(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("Nothing was done.")


def minute(value: Any) -> str:
    """An RFC 3339 time of the gateway (UTC) as `2026-11-23 12:57`."""
    return str(value)[:16].replace("T", " ") if value else ""


def second(value: Any) -> str:
    """The same as `11-23 12:57:03`."""
    return str(value)[5:19].replace("T", " ") if value else ""


def _fixed(columns: Sequence[Column]) -> Mapping[Column, int]:
    return {column: max(column.width, len(column.title)) for column in columns}


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case str():
            return shown(value)
        case _:
            return visible(json.dumps(value, ensure_ascii=False)).replace("\n", " ")


def _escape(char: str) -> str:
    # Between the tokens of JSON there may be blanks, which need no escape.
    if char in "\t\r":
        return " "
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
