"""A gateway of answers that a test writes down, and the command against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson

from controlplane.cli import main

ENVIRON = {"LLM_CP_URL": "http://gateway.test", "LLM_CP_ADMIN_TOKEN": "sk-cp-hunter2"}
TAG = '"tag-1"'

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Scripted:
    """Answers by method and address, in turn where there are several, and keeps what was asked."""

    def __init__(self, answers: Mapping[str, Answer | list[Answer]]) -> None:
        self.answers = {
            key: list(answer) if isinstance(answer, list) else answer
            for key, answer in answers.items()
        }
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.get(f"{request.method} {request.url.path}")
        if isinstance(answer, list):
            answer = answer.pop(0)
        if answer is None:
            raise AssertionError(f"nobody expected {request.method} {request.url.path}")
        # Not an Exception: Ctrl-C.
        if isinstance(answer, BaseException):
            raise answer
        return answer(request) if callable(answer) else answer

    def run(self, *argv: str, environ: Mapping[str, str] | None = None) -> int:
        """The exit code of `llm-cp argv`."""
        return main(argv, ENVIRON if environ is None else environ, httpx.MockTransport(self))

    @property
    def written(self) -> list[httpx.Request]:
        """What was asked that is not a read."""
        return [request for request in self.asked if request.method != "GET"]

    def body(self) -> Any:
        """The JSON of the only write."""
        (request,) = self.written
        return orjson.loads(request.content)


def one(body: Mapping[str, Any], status: int = 200, tag: str = TAG) -> httpx.Response:
    """An object with its tag."""
    return httpx.Response(status, json=dict(body), headers={"etag": tag})


def page(*rows: Mapping[str, Any], following: str | None = None) -> httpx.Response:
    """A page of a list."""
    return httpx.Response(200, json={"data": list(rows), "next_cursor": following})


def refusal(status: int, message: str, **more: Any) -> httpx.Response:
    """The envelope of an error."""
    return httpx.Response(status, json={"error": {"message": message, "code": "x", **more}})


GONE = httpx.Response(204)
