"""`llm-cp requests`: the list, one record, and the file."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.cli.scripted import Scripted, one, page, refusal

PATH = "/admin/v1/requests"
LIST = f"GET {PATH}"
RECORD: dict[str, Any] = {
    "request_id": "req_1",
    "occurred_at": "2026-11-23T13:13:15.123456+00:00",
    "application_id": "app-a",
    "model_requested": "gpt-4o",
    "model_served": None,
    "provider": None,
    "status": 429,
    "code": "insufficient_quota",
    "tokens_input": 12_345,
    "tokens_output": 0,
    "cost_usd": "0.000123",
    "latency_ms": 12,
    "degraded": False,
    "attempts": [
        {
            "provider": "openai",
            "model": "gpt-4o",
            "latency_ms": 31,
            "status": 529,
            "failure": "status",
        },
        {
            "provider": "azure",
            "model": "gpt-4o",
            "latency_ms": 7,
            "status": None,
            "failure": None,
            "ignored_params": ["seed", "top_p"],
        },
    ],
}


def test_the_filters_are_the_gateway_s(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({LIST: page(RECORD, following="c")})
    argv = (
        *("--from", "2026-11-01", "--to", "2026-11-30", "--app", "app-a", "--subject", "user:ana"),
        *("--model", "m", "--provider", "p", "--status", "4xx", "--code", "c", "--min-cost", "1"),
        *("--limit", "1"),
    )
    assert gateway.run("requests", "list", *argv) == 0
    assert dict(gateway.asked[0].url.params) == {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "application_id": "app-a",
        "subject": "user:ana",
        "model": "m",
        "provider": "p",
        "status": "4xx",
        "code": "c",
        "min_cost": "1",
        "limit": "1",
    }
    out, err = capsys.readouterr()
    head, row = out.splitlines()
    assert " ".join(head.split()) == (
        "TIME (UTC) STATUS APPLICATION MODEL TOKENS IN OUT COST USD MS REQUEST CODE"
    )
    assert " ".join(row.split()) == (
        "11-23 13:13:15 429 app-a gpt-4o 12,345 0 0.000123 12 req_1 insufficient_quota"
    )
    assert head.index("TOKENS IN") + len("TOKENS IN") == row.index("12,345") + len("12,345")
    assert "There are older ones" in err


def test_one_record_says_what_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({f"GET {PATH}/req_1": one(RECORD)})
    assert gateway.run("requests", "get", "req_1") == 0
    out = capsys.readouterr().out
    assert "degraded" not in out
    assert "tokens_output" not in out
    assert out.splitlines()[-2:] == [
        "attempt 1  openai/gpt-4o: status 529 after 31 ms",
        "attempt 2  azure/gpt-4o: answered after 7 ms, without seed, top_p",
    ]


def part(content: bytes, cursor: str | None = None) -> httpx.Response:
    headers = {"x-next-cursor": cursor} if cursor else {}
    return httpx.Response(200, content=content, headers=headers)


@pytest.mark.parametrize(
    ("name", "parts", "whole"),
    [
        ("all.csv", (b"a,b\r\n1,2\r\n", b'a,b\r\n3,"x\r\ny"\r\n'), b'a,b\r\n1,2\r\n3,"x\r\ny"\r\n'),
        ("all.jsonl", (b'{"a":1}\n', b'{"a":2}\n'), b'{"a":1}\n{"a":2}\n'),
    ],
)
def test_the_parts_of_an_export_are_one_file(
    name: str,
    parts: tuple[bytes, bytes],
    whole: bytes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway = Scripted({LIST: [part(parts[0], "c1"), part(parts[1])]})
    file = tmp_path / name
    assert gateway.run("requests", "export", str(file), "--status", "4xx") == 0
    assert file.read_bytes() == whole
    assert [dict(request.url.params) for request in gateway.asked] == [
        {"status": "4xx", "format": file.suffix[1:]},
        {"status": "4xx", "format": file.suffix[1:], "cursor": "c1"},
    ]
    assert f"{len(whole)} bytes" in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_file_is_whole_or_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "all.csv"
    argv = ("requests", "export", str(file))
    assert Scripted({LIST: [part(b"a\r\n", "c"), refusal(503, "Not now.")]}).run(*argv) == 2
    assert not list(tmp_path.iterdir())
    file.write_text("precious")
    gateway = Scripted({LIST: part(b"a\r\n")})
    assert gateway.run(*argv) == 2
    assert not gateway.asked
    assert "--force replaces it" in capsys.readouterr().err
    assert gateway.run(*argv, "--force") == 0
    assert file.read_bytes() == b"a\r\n"
    assert Scripted({}).run("requests", "export", str(tmp_path / "all.xlsx")) == 2
    assert Scripted({}).run("requests", "export", str(tmp_path / "absent" / "all.csv")) == 2
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_an_export_to_standard_output_is_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = '{"a":"日本"}\r\n'.encode()
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    gateway = Scripted({LIST: part(raw)})
    assert gateway.run("requests", "export", "-", "--format", "jsonl") == 0
    assert out.buffer.getvalue() == raw
