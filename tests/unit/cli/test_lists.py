"""Lists: read to their end, in a table or as they came."""

from __future__ import annotations

import io
import sys

import httpx
import orjson
import pytest
from tests.unit.cli.scripted import Scripted, page

APP = {"id": "app-a", "name": "A", "created_at": "2026-11-23T12:00:00+00:00"}
LIST = "GET /admin/v1/applications"


def test_a_list_is_read_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    pages = [page(APP, following="c1"), page({**APP, "id": "app-b"})]
    gateway = Scripted({LIST: list(pages)})
    assert gateway.run("app", "list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        *("ID", "app-a", "app-b")
    ]
    assert [request.url.params.get("cursor") for request in gateway.asked] == [None, "c1"]
    gateway = Scripted({LIST: list(pages)})
    assert gateway.run("app", "list", "--json") == 0
    assert orjson.loads(capsys.readouterr().out) == {
        "data": [APP, {**APP, "id": "app-b"}],
        "next_cursor": None,
    }


def test_one_page_is_printed_as_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    text = '{"data":  [{"id": "日本", "n": 36893488147419103232.10}], "next_cursor": null}'
    gateway = Scripted({LIST: httpx.Response(200, content=text.encode())})
    assert gateway.run("app", "list", "--json") == 0
    assert capsys.readouterr().out == text + "\n"


def test_a_limit_ends_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({LIST: page(APP, APP, following="c1")})
    assert gateway.run("app", "list", "--limit", "2") == 0
    assert len(gateway.asked) == 1
    assert gateway.asked[0].url.params["limit"] == "2"
    assert len(capsys.readouterr().out.splitlines()) == 3


class Screen(io.StringIO):
    """Standard output of a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_escapes_that_mean_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    text = '{"data":\r\t [{"id": "日本\x9b\x7f\u202e\U000e0001"}],\n "next_cursor": null}'
    gateway = Scripted({LIST: httpx.Response(200, content=text.encode())})
    assert gateway.run("app", "list", "--json") == 0
    shown = screen.getvalue()
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert "日本" in shown
    assert orjson.loads(shown) == orjson.loads(text)


@pytest.mark.parametrize("body", [{"data": None}, {"data": [1]}, {}, {"data": {}}])
def test_a_list_of_somebody_else_is_one_sentence(
    capsys: pytest.CaptureFixture[str], body: dict[str, object]
) -> None:
    assert Scripted({LIST: httpx.Response(200, json=body)}).run("app", "list") == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "not one of the gateway's" in err
