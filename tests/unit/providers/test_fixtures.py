"""Translations against fixtures: what providers are sent, and what callers get of their answers."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.unit.providers.cases import (
    FIXTURES,
    KEY,
    Upstream,
    cases,
    errors,
    events,
    read,
    target,
)

from controlplane.domain.routing import Timeouts
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.chat_completions.tally import BEGUN

CREATED = 1767225600


@pytest.mark.parametrize("folder", cases("anthropic", "anthropic.response.json"))
async def test_a_whole_message(folder: Path) -> None:
    upstream = Upstream("anthropic", (folder / "anthropic.response.json").read_bytes())
    asked = read(folder / "openai.request.json")
    request = ChatRequest(asked)
    assert upstream.provider.prepare(request, "").left_out == ()
    answer = await upstream.provider.prepare(request, target(folder)).complete(Timeouts())
    assert upstream.sent == read(folder / "anthropic.request.json")
    assert abs(answer["created"] - time.time()) < 60
    assert {**answer, "created": CREATED} == read(folder / "openai.response.json")
    assert asked == read(folder / "openai.request.json")


@pytest.mark.parametrize("folder", cases("anthropic", "anthropic.response.sse"))
async def test_a_streamed_message(folder: Path) -> None:
    upstream = Upstream("anthropic", (folder / "anthropic.response.sse").read_bytes())
    request = ChatRequest(read(folder / "openai.request.json"))
    assert upstream.provider.prepare(request, "").left_out == ()
    stream = upstream.provider.prepare(request, target(folder)).stream(Timeouts())
    chunks = [chunk async for chunk in stream if chunk and BEGUN not in chunk]
    assert upstream.sent == read(folder / "anthropic.request.json")
    expected = (folder / "openai.chunks.jsonl").read_text().splitlines()
    assert [{**c, "created": CREATED} for c in chunks] == [json.loads(line) for line in expected]


async def test_the_key_and_the_version_are_headers() -> None:
    folder = FIXTURES / "anthropic" / "text"
    upstream = Upstream("anthropic", (folder / "anthropic.response.json").read_bytes())
    await upstream.provider.prepare(
        ChatRequest(read(folder / "openai.request.json")), target(folder)
    ).complete(Timeouts())
    (call,) = upstream.calls
    assert str(call.url) == "https://provider.test/v1/messages"
    assert call.headers["x-api-key"] == KEY
    assert call.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(
    "folder", [*cases("openai", "response.json"), *cases("azure", "response.json")]
)
async def test_openais_format_is_passed_on(folder: Path) -> None:
    upstream = Upstream(folder.parts[-2], (folder / "response.json").read_bytes())
    asked = read(folder / "request.json")
    answer = await upstream.provider.prepare(ChatRequest(asked), asked["model"]).complete(
        Timeouts()
    )
    assert upstream.sent == asked
    assert answer == read(folder / "response.json")


@pytest.mark.parametrize(
    "folder", [*cases("openai", "response.sse"), *cases("azure", "response.sse")]
)
async def test_openais_chunks_are_passed_on(folder: Path) -> None:
    upstream = Upstream(folder.parts[-2], (folder / "response.sse").read_bytes())
    asked = read(folder / "request.json")
    stream = upstream.provider.prepare(ChatRequest(asked), asked["model"]).stream(Timeouts())
    chunks = [chunk async for chunk in stream if chunk]
    assert upstream.sent == asked
    given = events(folder / "response.sse")
    # Azure begins with the results of its filter, which are no part of an answer yet.
    assert chunks == [event for event in given if event["choices"] or event.get("usage")]


@pytest.mark.parametrize("path", errors())
async def test_errors_keep_their_words(path: Path) -> None:
    case = read(path)
    body = json.dumps(case["body"]).encode()
    upstream = Upstream(path.parts[-3], body, case["status"], **case["headers"])
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(ProviderError) as raised:
        await upstream.provider.prepare(ChatRequest(asked), "m").complete(Timeouts())
    error = raised.value
    assert (error.kind, error.status) == ("status", case["status"])
    assert (error.message, error.code) == (case["message"], case["code"])
    assert error.param == case.get("param")
    assert error.retry_after_seconds == case.get("retry_after_seconds")
