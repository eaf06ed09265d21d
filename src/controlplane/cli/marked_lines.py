"""Audit events in the log's lines marked AUDIT_SPILL, wrapped however they were exported."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.domain.audit import AuditEvent

MARK = "AUDIT_SPILL"
# A log line in a field of CloudWatch's, in a list, in an answer of its API: never deeper.
DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Marked:
    """An event as the log has it, and the line where it stands."""

    line: int
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MarkedLines:
    """`repeated` counts events that stand there again; `unreadable` are lines with the mark and
    without an event."""

    events: Sequence[Marked]
    repeated: int
    unreadable: Sequence[int]


def marked_lines(text: str) -> MarkedLines:
    """Every event once."""
    events: dict[tuple[str, str], Marked] = {}
    repeated, unreadable = 0, list[int]()
    for number, value in _values(text):
        found = False
        for document in _spills(value, DEEPEST):
            try:
                event = AuditEvent.from_json(json.dumps(document))
            except (ValueError, TypeError, OverflowError, RecursionError):
                continue
            found, name = True, (event.org_id, event.request_id)
            repeated += name in events
            events.setdefault(name, Marked(number, document))
        if not found:
            unreadable.append(number)
    return MarkedLines(list(events.values()), repeated, unreadable)


def _values(text: str) -> Iterator[tuple[int, Any]]:
    """What holds the mark, with its line: each line, or the one document that they make."""
    lines = text.split("\n")
    whole = None if len(lines) == 1 or _json(lines[0]) is not None else _json(text)
    if whole is not None:
        # A document of many lines: its lines count where they hold the mark.
        entries = list(_holders(whole, DEEPEST))
        numbers = [number for number, line in enumerate(lines, 1) if MARK in line]
        same = len(entries) == len(numbers)
        for index, entry in enumerate(entries):
            yield (numbers[index] if same else 1), entry
        return
    for number, line in enumerate(lines, 1):
        if MARK in line:
            yield number, line


def _holders(value: Any, depth: int) -> Iterator[Any]:
    """The smallest parts with the mark: texts, or log lines that are objects already."""
    if isinstance(value, str):
        if MARK in value:
            yield value
    elif isinstance(value, dict) and value.get("message") == MARK:
        yield value
    elif depth and isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _holders(each, depth - 1)


def _spills(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, str):
        if MARK in value and depth:
            for each in _inside(value):
                yield from _spills(each, depth - 1)
    elif isinstance(value, dict) and value.get("message") == MARK:
        if isinstance(event := value.get("audit_event"), dict):
            yield event
    elif depth and isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _spills(each, depth - 1)


def _inside(text: str) -> Iterator[Any]:
    """The JSON in a text: all of it, what follows a prefix, or a cell of CSV."""
    if (value := _json(text)) is not None:
        yield value
        return
    start = text.find("{")
    try:
        yield json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        if '""' in text:
            yield from (cell for row in csv.reader([text]) for cell in row if cell != text)


def _json(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list | str) else None
