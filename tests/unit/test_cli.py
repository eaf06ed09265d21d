"""`llm-cp`: what it sends, what it prints, how it ends. The gateway is a transport of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from controlplane.cli import main

ENVIRON = {"LLM_CP_URL": "http://gateway.test", "LLM_CP_ADMIN_TOKEN": "sk-cp-hunter2"}
FOUND = [
    {"kind": "email", "place": "messages.0.content", "offset": 5, "length": 15},
    {"kind": "us_ssn", "place": "messages.12.content.0.text", "offset": 1200, "length": 11},
]


class Gateway:
    """Answers every request alike and keeps what it was asked."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def run(self, *argv: str, environ: dict[str, str] | None = None) -> int:
        transport = httpx.MockTransport(self)
        return main(argv, ENVIRON if environ is None else environ, transport)


def answering(action: str, findings: list[dict[str, Any]]) -> Gateway:
    body = {"action": action, "findings": findings, "redacted": {"messages": []}}
    return Gateway(httpx.Response(200, json=body))


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
    gateway = Gateway(httpx.Response(200, content=body.encode()))
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


ENVELOPE = {"error": {"message": "The role 'service' may not do this.", "code": "x"}}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(403, json=ENVELOPE), "403: The role 'service' may not do this."),
        (httpx.Response(502, text="<html>"), "502: no reason given"),
        (httpx.Response(307, headers={"location": "http://elsewhere.test"}), "307"),
        (httpx.Response(200, text="<html>"), "not one of the gateway's"),
        (httpx.Response(200, json={"action": "allow"}), "not one of the gateway's"),
        (httpx.Response(200, json=[]), "not one of the gateway's"),
        (httpx.ConnectError("refused"), "http://gateway.test did not answer (ConnectError)"),
        (httpx.ReadTimeout("slow"), "did not answer (ReadTimeout)"),
    ],
)
def test_a_refusal_is_one_sentence(
    file: Callable[[bytes], str],
    capsys: pytest.CaptureFixture[str],
    answer: httpx.Response | Exception,
    said: str,
) -> None:
    gateway = Gateway(answer)
    assert gateway.run("scan", file(b"hello")) == 2
    assert len(gateway.asked) == 1
    one_sentence(capsys, said)


@pytest.mark.parametrize(
    ("argv", "changes", "said"),
    [
        ((), {"LLM_CP_URL": ""}, "Set LLM_CP_URL or --url"),
        ((), {"LLM_CP_ADMIN_TOKEN": ""}, "Set LLM_CP_ADMIN_TOKEN or --token"),
        ((), {"LLM_CP_URL": "gateway.test"}, "must start with https://"),
        ((), {"LLM_CP_URL": "http://[::1"}, "not a valid URL"),
        (("--token", "sk-cp-hunter2\n"), {}, "characters that no token has"),
        (("--token", "sk-cp-hunter2-ü"), {}, "characters that no token has"),
    ],
)
def test_wrong_settings_are_one_sentence(
    file: Callable[[bytes], str],
    capsys: pytest.CaptureFixture[str],
    argv: tuple[str, ...],
    changes: dict[str, str],
    said: str,
) -> None:
    gateway = answering("allow", [])
    assert gateway.run("scan", file(b"hello"), *argv, environ=ENVIRON | changes) == 2
    assert not gateway.asked
    one_sentence(capsys, said)


def test_options_go_before_the_environment(file: Callable[[bytes], str]) -> None:
    gateway = answering("allow", [])
    options = ("--url", "https://other.test/base/", "--token", "t")
    assert gateway.run("scan", file(b"hello"), *options) == 0
    (asked,) = gateway.asked
    assert str(asked.url) == "https://other.test/base/admin/v1/screening/test"
    assert asked.headers["authorization"] == "Bearer t"


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
        one_sentence(capsys, said)
    assert not gateway.asked


@pytest.mark.parametrize("argv", [(), ("scan",), ("nope",), ("scan", "x", "--nope")])
def test_wrong_use_is_one_sentence(
    argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv, ENVIRON)
    assert caught.value.code == 2
    one_sentence(capsys, "--help shows how")


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(("scan", "--help"), {})
    assert caught.value.code == 0
    assert "llm-cp scan request.json" in capsys.readouterr().out


def one_sentence(capsys: pytest.CaptureFixture[str], said: str) -> None:
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
    assert "hunter2" not in err
