"""The audit trail as it is written: each new record once, none left out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from controlplane.cli.errors import NotTheGateway, Unanswered
from controlplane.cli.terminal import Row, note

if TYPE_CHECKING:
    from controlplane.cli.admin_client import AdminClient

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


class Follower:
    """The records of `path` that pass the filters `wanted`."""

    def __init__(self, gateway: AdminClient, path: str, wanted: Mapping[str, Any]) -> None:
        self._gateway = gateway
        self._path = path
        self._wanted = wanted
        self._seen = Seen()

    def batches(self, every_seconds: float) -> Iterator[list[Row]]:
        """What was written before, then without end what is new at each look; oldest first."""
        yield self._written_before()
        for look in itertools.count(1):
            time.sleep(every_seconds)
            yield self._patient_look(everything=look % LOOKS == 0)

    def _written_before(self) -> list[Row]:
        """What could be taken for new later."""
        found: list[Row] = []
        for rows in self._pages(None):
            found += self._seen.new(rows)
            if rows and self._seen.is_old(rows[-1]):
                break
        self._seen.forget()
        return sorted(found, key=_time)

    def _patient_look(self, *, everything: bool) -> list[Row]:
        """Waits for a gateway that does not answer."""
        new: list[Row] = []
        complained = False
        while True:
            try:
                for found in self._looks(everything=everything or complained):
                    new += found
                return sorted(new, key=_time)
            except Unanswered as error:
                if not complained:
                    note(f"{error} Trying again.")
                complained = True
                time.sleep(RETRY_SECONDS)

    def _looks(self, *, everything: bool) -> Iterator[list[Row]]:
        """What is new on each page. Unless `everything` may have changed, a page without anything
        new is the last."""
        for rows in self._pages(self._seen.since):
            found = self._seen.new(rows)
            yield found
            if not found and not everything:
                break
        self._seen.forget()

    def _pages(self, since: str | None) -> Iterator[list[Row]]:
        asked = {**self._wanted, "from": since}
        return (rows for rows, _ in self._gateway.pages(self._path, asked, PAGE_ROWS))


def _time(record: Row) -> datetime:
    try:
        return datetime.fromisoformat(str(record.get("occurred_at")))
    except ValueError:
        raise NotTheGateway from None
