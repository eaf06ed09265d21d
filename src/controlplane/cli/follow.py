"""`llm-cp requests follow`: each new record once, none left out."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from controlplane.cli.command import EXIT_OK, CommandError, Unanswered
from controlplane.cli.request_rows import COLUMNS, PATH, wanted_requests
from controlplane.cli.terminal import Row, note

if TYPE_CHECKING:
    from controlplane.cli.session import Session

PAGE_ROWS = 100
# Records are in the order in which the requests came, and are written when they ended. A stream
# may take 15 minutes, and its record a moment more.
LATE = timedelta(minutes=16)
# So many looks at the newest pages, then one at everything that may be late.
LOOKS = 30
RETRY_SECONDS = 5.0


class Seen:
    """Which records were there already."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], datetime] = {}
        self._newest: datetime | None = None

    @property
    def since(self) -> str | None:
        """From when on a record may be new; None for as long as there was none."""
        return None if self._newest is None else (self._newest - LATE).isoformat()

    def new(self, records: Sequence[Row]) -> list[Row]:
        """Those of `records` that were not seen yet, which they are from now on."""
        found: list[Row] = []
        for record in records:
            at, key = _time(record), (str(record.get("request_id")), str(record.get("occurred_at")))
            if key not in self._times:
                self._times[key] = at
                found.append(record)
                self._newest = at if self._newest is None else max(at, self._newest)
        return found

    def is_old(self, record: Row) -> bool:
        """True where everything written after it is new for certain."""
        return self._newest is not None and _time(record) < self._newest - LATE

    def forget(self) -> None:
        """Drop what no look can find again."""
        if self._newest is not None:
            oldest = self._newest - LATE
            self._times = {key: at for key, at in self._times.items() if at >= oldest}


def follow_requests(arguments: argparse.Namespace, session: Session) -> int:
    """Show records until Ctrl-C."""
    seen, wanted = Seen(), wanted_requests(arguments)
    try:
        written_before = _begin(session, wanted, seen)
        if not arguments.json:
            session.terminal.head(COLUMNS)
        _show(arguments, session, written_before[len(written_before) - arguments.last :])
        looks = 0
        while True:
            time.sleep(arguments.every)
            looks += 1
            new = _patient_look(session, wanted, seen, everything=looks % LOOKS == 0)
            _show(arguments, session, new)
    except KeyboardInterrupt:
        return EXIT_OK


def _begin(session: Session, wanted: dict[str, Any], seen: Seen) -> list[Row]:
    """What was written before and could be taken for new later, oldest first."""
    found: list[Row] = []
    for rows, _ in session.gateway.pages(PATH, wanted, PAGE_ROWS):
        found += seen.new(rows)
        if rows and seen.is_old(rows[-1]):
            break
    seen.forget()
    return sorted(found, key=_time)


def _patient_look(
    session: Session, wanted: dict[str, Any], seen: Seen, *, everything: bool
) -> list[Row]:
    """Records that are new, oldest first. Waits for a gateway that does not answer."""
    new: list[Row] = []
    complained = False
    while True:
        try:
            for found in _looks(session, wanted, seen, everything=everything or complained):
                new += found
            return sorted(new, key=_time)
        except Unanswered as error:
            if not complained:
                note(f"{error} Trying again.")
            complained = True
            time.sleep(RETRY_SECONDS)


def _looks(
    session: Session, wanted: dict[str, Any], seen: Seen, *, everything: bool
) -> Iterator[list[Row]]:
    """What is new on each page. Unless `everything` may have changed, a page without anything new
    is the last."""
    for rows, _ in session.gateway.pages(PATH, {**wanted, "from": seen.since}, PAGE_ROWS):
        found = seen.new(rows)
        yield found
        if not found and not everything:
            break
    seen.forget()


def _show(arguments: argparse.Namespace, session: Session, records: Sequence[Row]) -> None:
    for record in records:
        if arguments.json:
            session.terminal.raw(json.dumps(record, ensure_ascii=False))
        else:
            session.terminal.row(COLUMNS, record)


def _time(record: Row) -> datetime:
    try:
        return datetime.fromisoformat(str(record.get("occurred_at")))
    except ValueError:
        raise CommandError("The answer is not one of the gateway's; is this its address?") from None
