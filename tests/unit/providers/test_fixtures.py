"""What providers are sent and what they answer, in the shapes that their documentation shows."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.providers.openai_schema import OpenAISchema

from controlplane.config import ProviderSettings
from controlplane.domain.chat import ChatRequest
from controlplane.domain.routing import Timeouts
from controlplane.errors import ProviderError
from controlplane.gateway.ports import Provider
from controlplane.wiring.providers import open_provider

FIXTURES = Path(__file__).parents[2] / "fixtures" / "providers"
KEY = "sk-ant-fixture-key"
CREATED = 1767225600


@pytest.fixture(scope="module")
def openai_schema(corpora: Path) -> OpenAISchema:
    return OpenAISchema(corpora)


def cases(kind: str, answer: str) -> list[Any]:
    folders = sorted(path.parent for path in (FIXTURES / kind).glob(f"*/{answer}"))
    assert folders
    return [pytest.param(folder, id=f"{kind}-{folder.name}") for folder in folders]


def errors() -> list[Any]:
    return [
        pytest.param(path, id=f"{path.parts[-3]}-{path.stem}")
        for path in sorted(FIXTURES.glob("*/errors/*.json"))
    ]


class Upstream:
    """Answers every call with the same thing, and keeps what it was sent."""

    def __init__(self, kind: str, content: bytes, status: int = 200, **headers: str) -> None:
        self._answer = httpx.Response(status, content=content, headers=headers)
        self.calls: list[httpx.Request] = []
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._reply))
        settings = ProviderSettings(kind, kind, "https://provider.test", KEY, "2024-10-21")
        self.provider: Provider = open_provider(settings, client)

    def _reply(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        return self._answer

    @property
    def sent(self) -> Any:
        (call,) = self.calls
        return json.loads(call.content)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def target(folder: Path) -> str:
    override = folder / "target.json"
    return read(override)["model"] if override.exists() else "claude-sonnet-4-5"


@pytest.mark.parametrize("folder", cases("anthropic", "anthropic.response.json"))
async def test_a_whole_message(folder: Path, openai_schema: OpenAISchema) -> None:
    upstream = Upstream("anthropic", (folder / "anthropic.response.json").read_bytes())
    asked = read(folder / "openai.request.json")
    request = ChatRequest(asked)
    assert upstream.provider.check(request, "") == ()
    answer = await upstream.provider.complete(request, target(folder), Timeouts())
    assert upstream.sent == read(folder / "anthropic.request.json")
    assert abs(answer["created"] - time.time()) < 60
    assert {**answer, "created": CREATED} == read(folder / "openai.response.json")
    assert asked == read(folder / "openai.request.json")
    openai_schema.validate("CreateChatCompletionResponse", answer)


@pytest.mark.parametrize("folder", cases("anthropic", "anthropic.response.sse"))
async def test_a_streamed_message(folder: Path, openai_schema: OpenAISchema) -> None:
    upstream = Upstream("anthropic", (folder / "anthropic.response.sse").read_bytes())
    request = ChatRequest(read(folder / "openai.request.json"))
    assert upstream.provider.check(request, "") == ()
    stream = upstream.provider.stream(request, target(folder), Timeouts())
    chunks = [chunk async for chunk in stream]
    assert upstream.sent == read(folder / "anthropic.request.json")
    expected = (folder / "openai.chunks.jsonl").read_text().splitlines()
    assert [{**c, "created": CREATED} for c in chunks] == [json.loads(line) for line in expected]
    for chunk in chunks:
        openai_schema.validate("CreateChatCompletionStreamResponse", chunk)


async def test_the_key_and_the_version_are_headers() -> None:
    folder = FIXTURES / "anthropic" / "text"
    upstream = Upstream("anthropic", (folder / "anthropic.response.json").read_bytes())
    await upstream.provider.complete(
        ChatRequest(read(folder / "openai.request.json")), "claude-sonnet-4-5", Timeouts()
    )
    (call,) = upstream.calls
    assert str(call.url) == "https://provider.test/v1/messages"
    assert call.headers["x-api-key"] == KEY
    assert call.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(
    "folder", [*cases("openai", "response.json"), *cases("azure", "response.json")]
)
async def test_openais_format_is_passed_on(folder: Path, openai_schema: OpenAISchema) -> None:
    upstream = Upstream(folder.parts[-2], (folder / "response.json").read_bytes())
    asked = read(folder / "request.json")
    answer = await upstream.provider.complete(ChatRequest(asked), asked["model"], Timeouts())
    assert upstream.sent == asked
    assert answer == read(folder / "response.json")
    openai_schema.validate("CreateChatCompletionResponse", answer)


@pytest.mark.parametrize(
    "folder", [*cases("openai", "response.sse"), *cases("azure", "response.sse")]
)
async def test_openais_chunks_are_passed_on(folder: Path) -> None:
    content = (folder / "response.sse").read_bytes()
    upstream = Upstream(folder.parts[-2], content)
    asked = read(folder / "request.json")
    stream = upstream.provider.stream(ChatRequest(asked), asked["model"], Timeouts())
    chunks = [chunk async for chunk in stream]
    assert upstream.sent == asked
    lines = content.decode().split("\n\n")[:-2]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    # Azure begins with the results of its filter, which are no part of an answer yet.
    assert chunks == [event for event in events if event["choices"] or event.get("usage")]


@pytest.mark.parametrize("path", errors())
async def test_errors_keep_their_words(path: Path) -> None:
    case = read(path)
    body = json.dumps(case["body"]).encode()
    upstream = Upstream(path.parts[-3], body, case["status"], **case["headers"])
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(ProviderError) as raised:
        await upstream.provider.complete(ChatRequest(asked), "m", Timeouts())
    error = raised.value
    assert (error.kind, error.status) == ("status", case["status"])
    assert (error.message, error.code) == (case["message"], case["code"])
    assert error.param == case.get("param")
    assert error.retry_after_seconds == case.get("retry_after_seconds")
