"""`llm-cp scan`: what it sends, what it prints, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.unit.cli.scripted import Scripted

PATH = "/admin/v1/screening/test"
FOUND = [
    {"kind": "email", "place": "messages.0.content", "offset": 5, "length": 15},
    {"kind": "us_ssn", "place": "messages.12.content.0.text", "offset": 1200, "length": 11},
]


def gateway_of(answer: httpx.Response) -> Scripted:
    return Scripted({f"POST {PATH}": answer})


def answering(action: str, findings: list[dict[str, Any]]) -> Scripted:
    body = {"action": action, "findings": findings, "redacted": {"messages": []}}
    return gateway_of(httpx.Response(200, json=body))


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], str]:
    def write(content: bytes) -> str:
        path = tmp_path / "input"
        path.write_bytes(content)
        return str(path)

    return write


def test_a_chat_request_is_sent_as_it_stands(file: Callable[[bytes], str]) -> None:
    # A long number, twice the same name, blanks: each would be lost where it is written anew.
    raw = b'{"messages": [],\n "a": 36893488147419103232.10, "a": 1}'
    gateway = answering("allow", [])
    assert gateway.run("scan", file(raw)) == 0
    (asked,) = gateway.asked
    assert (asked.method, str(asked.url)) == (
        "POST",
        "http://gateway.test/admin/v1/screening/test",
    )
    assert asked.headers["authorization"] == "Bearer sk-cp-hunter2"
    assert asked.content == b'{"request":' + raw + b"}"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"call me\n", "call me\n"),
        (b"\xef\xbb\xbfcall me", "call me"),
        (b'{"host": "10.0.0.1"}', '{"host": "10.0.0.1"}'),
        (b'{"messages": [', '{"messages": ['),
        (b'{"messages": [NaN]}', '{"messages": [NaN]}'),
        (b"[" * 100_000, "[" * 100_000),
        (b"", ""),
    ],
)
def test_anything_else_is_one_user_message(
    file: Callable[[bytes], str], raw: bytes, text: str
) -> None:
    gateway = answering("allow", [])
    assert gateway.run("scan", file(raw)) == 0
    request = orjson.loads(gateway.asked[0].content)["request"]
    assert request["messages"] == [{"role": "user", "content": text}]
    assert request["model"]


def test_the_table(file: Callable[[bytes], str], capsys: pytest.CaptureFixture[str]) -> None:
    assert answering("block", FOUND).run("scan", file(b'{"messages": []}')) == 1
    assert capsys.readouterr().out.splitlines() == [
        "block (a chat request, 2 found)",
        "PLACE                       KIND    OFFSET  LENGTH",
        "messages.0.content          email        5      15",
        "messages.12.content.0.text  us_ssn    1200      11",
    ]
    assert answering("allow", []).run("scan", file(b"hello")) == 0
    assert capsys.readouterr().out == "allow (as text, 0 found)\n"


@pytest.mark.parametrize(
    ("action", "code"), [("allow", 0), ("flag", 0), ("redact", 1), ("block", 1)]
)
def test_the_exit_code_follows_the_action(
    file: Callable[[bytes], str], action: str, code: int
) -> None:
    assert answering(action, FOUND).run("scan", file(b"hello")) == code


def test_json_is_the_answer_as_it_is(
    file: Callable[[bytes], str], capsys: pytest.CaptureFixture[str]
) -> None:
    body = '{"action": "redact",  "findings": [], "redacted": {"x": "日本"}}'
    gateway = gateway_of(httpx.Response(200, content=body.encode()))
    assert gateway.run("scan", "--json", file(b"hello")) == 1
    assert capsys.readouterr().out == body + "\n"


def test_a_terminal_is_not_told_what_to_do(
    file: Callable[[bytes], str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = [FOUND[0] | {"place": "metadata.\x1b]0;owned\x07\n"}]
    assert answering("flag", found).run("scan", file(b"{}")) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 3


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"action": "allow"}),
        httpx.Response(200, json={"action": "allow", "findings": [{}]}),
        httpx.Response(200, json={"findings": []}),
        httpx.Response(200, json=[]),
    ],
)
def test_an_answer_of_somebody_else_is_one_sentence(
    file: Callable[[bytes], str], capsys: pytest.CaptureFixture[str], answer: httpx.Response
) -> None:
    assert gateway_of(answer).run("scan", file(b"hello")) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "not one of the gateway's" in err


def test_a_file_that_cannot_be_read_is_one_sentence(
    file: Callable[[bytes], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = answering("allow", [])
    for name, said in [
        (str(tmp_path / "absent"), "No such file or directory"),
        (str(tmp_path), "cannot be read"),
        (file(b"\xff\xfe\x00"), "not text in UTF-8"),
    ]:
        assert gateway.run("scan", name) == 2
        out, err = capsys.readouterr()
        assert (out, len(err.splitlines())) == ("", 1)
        assert said in err
    assert not gateway.asked
