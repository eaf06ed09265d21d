"""Every translation keeps to the format of its reader, as the reader's own package types it.

The fixtures are checked too: a response that no provider would send proves nothing.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from hypothesis import given
from tests.unit.providers.cases import Upstream, cases, errors, events, read, target
from tests.unit.translators.chat_completions_to_messages.test_purity import MESSAGES
from tests.wire_types import anthropic_types
from tests.wire_types import openai_types as openai

from controlplane.domain.routing import Timeouts
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.chat_completions.tally import BEGUN
from controlplane.providers.anthropic import API_VERSION
from controlplane.translators.chat_completions_to_messages.request import translate


def test_the_types_describe_the_version_that_is_asked_for() -> None:
    assert Anthropic(api_key="none").default_headers["anthropic-version"] == API_VERSION


@pytest.mark.parametrize("folder", cases("anthropic", "anthropic.response.json"))
async def test_a_whole_message(folder: Path) -> None:
    answer = read(folder / "anthropic.response.json")
    assert anthropic_types.MESSAGE.faults(answer) == []
    upstream = Upstream("anthropic", (folder / "anthropic.response.json").read_bytes())
    asked = read(folder / "openai.request.json")
    assert openai.CHAT_REQUEST.faults(without_our_extensions(asked)) == []
    given = await upstream.provider.prepare(ChatRequest(asked), target(folder)).complete(Timeouts())
    assert anthropic_types.MESSAGE_REQUEST.faults(upstream.sent) == []
    assert openai.COMPLETIONS["anthropic"].faults(given) == []


@pytest.mark.parametrize("folder", cases("anthropic", "anthropic.response.sse"))
async def test_a_streamed_message(folder: Path) -> None:
    for event in events(folder / "anthropic.response.sse"):
        assert anthropic_types.EVENT.faults(event) == []
    upstream = Upstream("anthropic", (folder / "anthropic.response.sse").read_bytes())
    asked = read(folder / "openai.request.json")
    assert openai.CHAT_REQUEST.faults(asked) == []
    stream = upstream.provider.prepare(ChatRequest(asked), target(folder)).stream(Timeouts())
    chunks = [chunk async for chunk in stream if chunk and BEGUN not in chunk]
    assert anthropic_types.MESSAGE_REQUEST.faults(upstream.sent) == []
    assert chunks
    for chunk in chunks:
        assert openai.CHUNKS["anthropic"].faults(chunk) == []


def without_our_extensions(asked: Any) -> Any:
    """The request in OpenAI's own terms: at OpenAI the result of a tool is text."""
    plain = copy.deepcopy(asked)
    for message in plain["messages"]:
        if message["role"] == "tool":
            message.pop("is_error", None)
            if isinstance(message["content"], list):
                message["content"] = [p for p in message["content"] if p["type"] != "image_url"]
    return plain


@given(messages=MESSAGES)
def test_any_messages_become_a_request_of_anthropic(messages: Any) -> None:
    try:
        sent = translate({"model": "m", "messages": messages}, "claude-sonnet-4-5")
    except UnsupportedParameter:
        return
    assert anthropic_types.MESSAGE_REQUEST.faults(sent) == []


@pytest.mark.parametrize("path", errors("anthropic"))
def test_anthropics_errors(path: Path) -> None:
    assert anthropic_types.ERROR.faults(read(path)["body"]) == []


@pytest.mark.parametrize("path", errors("openai"))
def test_openais_errors(path: Path) -> None:
    assert openai.ERROR.faults(read(path)["body"]) == []


def passed_on(name: str) -> list[Any]:
    """The cases of the kinds whose requests and responses are passed on unchanged."""
    return [*cases("openai", name), *cases("azure", name)]


@pytest.mark.parametrize("folder", passed_on("response.json"))
def test_a_whole_answer_that_is_passed_on(folder: Path) -> None:
    assert openai.CHAT_REQUEST.faults(read(folder / "request.json")) == []
    assert openai.COMPLETIONS[folder.parts[-2]].faults(read(folder / "response.json")) == []


@pytest.mark.parametrize("folder", passed_on("response.sse"))
def test_a_stream_that_is_passed_on(folder: Path) -> None:
    assert openai.CHAT_REQUEST.faults(read(folder / "request.json")) == []
    first, *rest = events(folder / "response.sse")
    assert rest
    # Azure's first event has the results for the prompt, in a format that only Azure has.
    for chunk in rest if "prompt_filter_results" in first else (first, *rest):
        assert openai.CHUNKS[folder.parts[-2]].faults(chunk) == []
