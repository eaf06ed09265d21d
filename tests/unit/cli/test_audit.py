"""`llm-cp audit recover`: which lines of the log are events, and what became of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.audit_events import audit_event
from tests.unit.cli.scripted import Scripted

from controlplane.cli.marked_lines import marked_lines
from controlplane.domain.audit import AuditEvent

PATH = "POST /2015-03-31/functions/llm-cp/invocations"
EVENTS = [audit_event(request_id=f"req_{n}") for n in range(3)]


def line(event: AuditEvent) -> str:
    return json.dumps({"level": "ERROR", "message": "AUDIT_SPILL", "audit_event": event.to_dict()})


LINES = [line(event) for event in EVENTS]
OTHER = '{"level":"WARNING","message":"audit_spilled","to":"log"}'


def as_csv(lines: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(
        [["@timestamp", "@message"], *(["2026-05-01", each] for each in lines)]
    )
    return out.getvalue()


WRAPPINGS: dict[str, Callable[[list[str]], str]] = {
    "the log": "\n".join,
    "with other lines": lambda lines: "\n".join([OTHER, "START RequestId: 1", *lines, "", "END"]),
    "windows": "\r\n".join,
    "a prefix": lambda lines: "\n".join(f"2026-05-01T00:00:00.000Z\t{each}" for each in lines),
    "a suffix": lambda lines: "\n".join(f"[gateway] {each} | x" for each in lines),
    "message": lambda lines: "\n".join(json.dumps({"message": each}) for each in lines),
    "@message": lambda lines: "\n".join(json.dumps({"@message": each + "\n"}) for each in lines),
    "parsed @message": lambda lines: "\n".join(
        json.dumps({"@message": json.loads(each)}) for each in lines
    ),
    "filter-log-events": lambda lines: json.dumps(
        {"events": [{"timestamp": 1, "message": each} for each in lines]}, indent=4
    ),
    "filter-log-events in one line": lambda lines: json.dumps(
        {"events": [{"timestamp": 1, "message": each} for each in lines]}
    ),
    "an Insights query": lambda lines: json.dumps(
        {"results": [[{"field": "@message", "value": each}] for each in lines]}, indent=2
    ),
    "csv": as_csv,
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_events_are_found_in_every_export(wrapping: str) -> None:
    found = marked_lines(WRAPPINGS[wrapping](LINES))
    read = [AuditEvent.from_json(json.dumps(each.document)) for each in found.events]
    assert read == EVENTS
    assert (found.repeated, found.unreadable) == (0, [])


@pytest.mark.parametrize(
    "broken",
    [
        LINES[1][:-40],
        '{"message":"AUDIT_SPILL"}',
        '{"message":"AUDIT_SPILL","audit_event":"x"}',
        '{"message":"AUDIT_SPILL","audit_event":{"org_id":1}}',
        "AUDIT_SPILL",
        '{"AUDIT_SPILL":' + '{"a":' * 5_000,
        "[" * 100_000 + "AUDIT_SPILL",
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(broken: str) -> None:
    found = marked_lines("\n".join([LINES[0], broken, LINES[2], LINES[0]]))
    assert [each.line for each in found.events] == [1, 3]
    assert (found.repeated, found.unreadable) == (1, [2])


def test_lines_of_a_document_are_those_of_the_file() -> None:
    found = marked_lines(WRAPPINGS["filter-log-events"]([LINES[0], LINES[1][:-40], LINES[2]]))
    assert [each.line for each in found.events] == [5, 13]
    assert found.unreadable == [9]


def answer(**members: Any) -> httpx.Response:
    return httpx.Response(200, json={"ok": True, "type": "audit-recover", **members})


def run(tmp_path: Path, text: str, given: httpx.Response, *more: str) -> tuple[Scripted, int]:
    (tmp_path / "log").write_text(text)
    gateway = Scripted({PATH: given})
    environ = {"LLM_CP_URL": "http://gateway.test"}
    return gateway, gateway.run("audit", "recover", str(tmp_path / "log"), *more, environ=environ)


def test_they_are_sent_and_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join([OTHER, *LINES, LINES[0]])
    gateway, code = run(tmp_path, text, answer(stored=3, refused=[], left=[]))
    assert code == 0
    assert gateway.body() == {
        "type": "audit-recover",
        "events": [json.loads(json.dumps(event.to_dict())) for event in EVENTS],
    }
    out, err = capsys.readouterr()
    assert out == "3 events found (1 more of the same)\n3 are in the trail\n"
    assert err == "3 of 3 in the trail\n"


def test_nothing_is_sent_for_a_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gateway, code = run(tmp_path, "\n".join(LINES), answer(), "--dry-run")
    assert (code, gateway.asked) == (0, [])
    assert capsys.readouterr() == ("3 events found\n", "")


def test_what_did_not_get_there_is_an_exit_code_and_a_line_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "\n".join(["no", *LINES, "AUDIT_SPILL sk-secret"])
    _, code = run(tmp_path, text, answer(stored=1, refused=[0], left=[2]))
    assert code == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "3 events found",
        "1 are in the trail",
        "1 cannot be read: line 5",
        "1 were refused: line 2",
        "1 could not be stored now: run this again: line 4",
    ]
    assert "sk-secret" not in out + err


@pytest.mark.parametrize("given", [answer(), answer(stored=1, refused=[9], left=[])])
def test_an_older_function_is_told_of(
    given: httpx.Response, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, code = run(tmp_path, LINES[0], given)
    assert code == 2
    assert "older version" in capsys.readouterr().err


def test_many_go_in_pieces(tmp_path: Path) -> None:
    text = "\n".join(line(audit_event()) for _ in range(450))
    gateway, code = run(tmp_path, text, answer(stored=150, refused=[], left=[]))
    assert code == 0
    assert [len(json.loads(each.content)["events"]) for each in gateway.asked] == [200, 200, 50]
