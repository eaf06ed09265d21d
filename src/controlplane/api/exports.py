"""Audit records as files: CSV for spreadsheets, JSON lines for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.admin.models.requests import RequestRecord

# Lambda answers at most 6 MB, and the way there makes quotes and accents longer.
MAX_BYTES = 3_000_000
PAGE_ROWS = 500

COLUMNS = tuple(RequestRecord.model_fields)

Record = Mapping[str, Any]
# Given how many rows and a cursor, the records and the next cursor.
Pages = Callable[[int, str | None], Awaitable[tuple[list[dict[str, Any]], str | None]]]


@dataclass(frozen=True, slots=True)
class Format:
    """How a file begins, how a record stands in it, and what to call it."""

    media_type: str
    suffix: str
    head: bytes
    line: Callable[[Record], bytes]


def csv_line(cells: Sequence[Any]) -> bytes:
    """One line by RFC 4180.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return line.getvalue().encode()


async def export(
    pages: Pages, to: Format, *, limit: int, cursor: str | None
) -> tuple[bytes, str | None]:
    """A file of at most `limit` records and about MAX_BYTES, and the cursor where more follow."""
    body = bytearray(to.head)
    rows = 0
    while True:
        records, cursor = await pages(min(PAGE_ROWS, limit - rows), cursor)
        for record in records:
            body += to.line(record)
        rows += len(records)
        if cursor is None or rows >= limit or len(body) >= MAX_BYTES:
            return bytes(body), cursor


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return orjson.dumps(value).decode()
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{value}"
    return value


FORMATS: Mapping[str, Format] = {
    "csv": Format(
        "text/csv; charset=utf-8; header=present",
        "csv",
        csv_line(COLUMNS),
        lambda record: csv_line([record[name] for name in COLUMNS]),
    ),
    "jsonl": Format(
        "application/x-ndjson", "jsonl", b"", lambda record: orjson.dumps(record) + b"\n"
    ),
}
