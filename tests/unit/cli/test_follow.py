"""`llm-cp requests follow`: each record once, none left out, however late it is written."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from tests.soak import some_or_all
from tests.unit.cli.scripted import ENVIRON, Scripted, refusal

from controlplane.cli import follow, main

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
PATH = "/admin/v1/requests"


class AuditLog:
    """Pages as the gateway answers them: by time, newest first, behind a place. `between` writes
    before a look and ends the test."""

    def __init__(self, between: Callable[[AuditLog, int], None]) -> None:
        self.records: list[dict[str, Any]] = []
        self.between = between
        self.looks = 0

    def write(self, at: datetime, **more: Any) -> str:
        """A record of a request that came at `at`; answers its id."""
        request_id = f"req_{len(self.records)}"
        record = {"request_id": request_id, "occurred_at": at.isoformat(), "status": 200, **more}
        self.records.append(record)
        return request_id

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if "cursor" not in asked:
            self.between(self, self.looks)
            self.looks += 1
        since = asked.get("from")
        found = [
            record
            for record in sorted(self.records, key=_place, reverse=True)
            if since is None or _place(record)[0] >= datetime.fromisoformat(since)
        ]
        if "cursor" in asked:
            at, request_id = asked["cursor"].split(" ")
            found = [row for row in found if _place(row) < (datetime.fromisoformat(at), request_id)]
        limit = int(asked["limit"])
        last = found[:limit][-1] if len(found) > limit else None
        cursor = last and f"{last['occurred_at']} {last['request_id']}"
        return httpx.Response(200, json={"data": found[:limit], "next_cursor": cursor})

    def run(self, *argv: str) -> int:
        """The exit code of `llm-cp requests follow`, without waiting."""
        transport = httpx.MockTransport(self)
        return main(("requests", "follow", "--every", "0", *argv), ENVIRON, transport)


def _place(record: dict[str, Any]) -> tuple[datetime, str]:
    return datetime.fromisoformat(record["occurred_at"]), record["request_id"]


@pytest.mark.parametrize("seed", some_or_all(range(30), some=2))
def test_every_record_is_shown_once(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(seed)
    late, expected = timedelta(minutes=15), []

    def between(log: AuditLog, look: int) -> None:
        now = START + timedelta(seconds=2 * look)
        if look == 0:
            # What was there before is not shown, though it is within reach.
            for _ in range(chance.choice([0, 1, 350])):
                log.write(now - late * chance.random())
        elif look < 70:
            # Bursts of more than two pages; every third record is late.
            for _ in range(chance.choice([0, 0, 1, 3, 250])):
                delay = late * chance.random() if chance.random() < 0.3 else timedelta()
                expected.append(log.write(now - delay))
        elif look > 70 + follow.LOOKS:
            raise KeyboardInterrupt

    assert AuditLog(between).run("--json", "--last", "0") == 0
    shown = [orjson.loads(line)["request_id"] for line in capsys.readouterr().out.splitlines()]
    assert len(expected) > 300
    assert sorted(shown) == sorted(expected)


def test_it_begins_with_the_newest(capsys: pytest.CaptureFixture[str]) -> None:
    def between(log: AuditLog, look: int) -> None:
        if look == 0:
            for second in range(300):
                log.write(START + timedelta(seconds=second))
        if look == 1:
            log.write(START + timedelta(seconds=400), code="x\x1b[2J")
        if look == 3:
            raise KeyboardInterrupt

    log = AuditLog(between)
    assert log.run("--last", "2", "--status", "2xx", "--app", "app-a") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    head, *rows = out.splitlines()
    assert head.startswith("TIME (UTC)")
    assert [next(c for c in row.split() if c.startswith("req_")) for row in rows] == [
        *("req_298", "req_299", "req_300")
    ]
    assert rows[0].index("req_298") == rows[2].index("req_300") == head.index("REQUEST")


def test_an_empty_log_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    def between(log: AuditLog, look: int) -> None:
        if look == 2:
            log.write(START)
        if look == 5:
            raise KeyboardInterrupt

    assert AuditLog(between).run("--json") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), refusal(503, "x"), refusal(429, "x")])
def test_it_outlasts_an_outage(
    failure: httpx.Response | Exception,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow, "RETRY_SECONDS", 0.0)
    written: list[str] = []

    def between(log: AuditLog, look: int) -> None:
        if look == 4:
            raise KeyboardInterrupt
        # More than a page, so that the failure comes amid a look; nothing new when it is repeated.
        if look < 3:
            written.extend(log.write(START + timedelta(seconds=look)) for _ in range(150))

    log, failures = AuditLog(between), [failure, failure]

    def flaky(request: httpx.Request) -> httpx.Response:
        if log.looks == 3 and "cursor" in request.url.params and failures:
            fault = failures.pop()
            if isinstance(fault, Exception):
                raise fault
            return fault
        return log(request)

    transport = httpx.MockTransport(flaky)
    argv = ("requests", "follow", "--every", "0", "--json", "--last", "0")
    assert main(argv, ENVIRON, transport) == 0
    out, err = capsys.readouterr()
    shown = [orjson.loads(line)["request_id"] for line in out.splitlines()]
    assert sorted(shown) == sorted(written[150:])
    assert err.count("Trying again.") == 1
    assert len(failures) < 2


@pytest.mark.parametrize(
    "answer",
    [
        refusal(403, "No."),
        refusal(503, "Not now."),
        httpx.Response(200, json={"data": [{"request_id": "x"}], "next_cursor": None}),
    ],
)
def test_what_fails_from_the_start_ends_it(
    answer: httpx.Response, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Scripted({f"GET {PATH}": answer}).run("requests", "follow") == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
