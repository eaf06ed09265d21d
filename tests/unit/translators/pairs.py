"""The pairs of protocols with cases in `tests/fixtures/translations`, and the cases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.wire_types import openai_types, responses_types

from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.responses.request import ResponsesRequest
from controlplane.translators.registry import translator
from controlplane.translators.translation import Translation

FIXTURES = Path(__file__).parents[2] / "fixtures" / "translations"
PROVIDER = "mine"
CHAT, RESPONSES = ProtocolName.CHAT_COMPLETIONS, ProtocolName.RESPONSES
REQUESTS: dict[ProtocolName, type[InferenceRequest]] = {
    CHAT: ChatRequest,
    RESPONSES: ResponsesRequest,
}


@dataclass(frozen=True)
class Pair:
    """From one protocol to another, for a model."""

    spoken: ProtocolName
    target: ProtocolName
    model: str

    @property
    def name(self) -> str:
        """As its folder is called."""
        return f"{self.spoken}_to_{self.target}"

    def translate(self, body: Any, *, lenient: bool = False) -> Translation:
        """The request for the model."""
        request = REQUESTS[self.spoken](body, lenient=lenient)
        return translator((self.spoken, self.target))(request, PROVIDER, self.model)


TO_CHAT = Pair(RESPONSES, CHAT, "a-model")
TO_RESPONSES = Pair(CHAT, RESPONSES, "gpt-5.6")
PAIRS = (TO_CHAT, TO_RESPONSES)


def cases(ending: str) -> list[Any]:
    """The pair and folder of each case with that ending of an answer, as parameters of a test."""
    found = [
        pytest.param(pair, path.parent, id=f"{pair.name}-{path.parent.name}")
        for pair in PAIRS
        for path in sorted((FIXTURES / pair.name).glob(f"*/answer.{ending}"))
    ]
    assert found
    return found


def read(path: Path) -> Any:
    """The JSON of a file."""
    return json.loads(path.read_text())


def read_lines(path: Path) -> list[Any]:
    """The JSON of each line of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def streamed(translation: Translation, events: list[Any]) -> list[Any]:
    """All that the events of one answer become."""
    stream = translation.stream()
    return [each for event in events for each in stream.feed(event)] + stream.end()


def request_faults(protocol: ProtocolName, body: dict[str, Any]) -> list[str]:
    """Why the package would not type `body` as a request, but for what clients do otherwise."""
    if protocol is RESPONSES:
        plain = {name: value for name, value in body.items() if name != "client_metadata"}
        if isinstance(plain["input"], list):
            plain["input"] = [*map(_with_bookkeeping, plain["input"])]
        return responses_types.RESPONSES_REQUEST.faults(plain)
    thoughts = ("reasoning_content", "reasoning_details", "thinking_blocks")
    messages = [
        {name: value for name, value in message.items() if name not in thoughts}
        for message in body["messages"]
    ]
    return openai_types.CHAT_REQUEST.faults({**body, "messages": messages})


def _with_bookkeeping(item: dict[str, Any]) -> dict[str, Any]:
    """An answer that comes back: Codex leaves out what only its server needs."""
    said = item.get("role") == "assistant" and isinstance(item["content"], list)
    return {"id": "msg_0", "status": "completed", **item} if said else item


def whole_faults(protocol: ProtocolName, answer: dict[str, Any]) -> list[str]:
    """Why the package would not type `answer` as a whole one."""
    if protocol is RESPONSES:
        return responses_types.RESPONSE.faults(answer)
    return responses_types.COMPLETION.faults(answer)


def event_faults(protocol: ProtocolName, event: dict[str, Any]) -> list[str]:
    """Why the package would not type `event` as one of a stream."""
    if protocol is RESPONSES:
        return responses_types.event_faults(event)
    return responses_types.CHUNK.faults(event)
