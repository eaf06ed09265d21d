"""Whatever an answer holds, it is told or it is a failure of the provider."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.answers import chunks_of, completions, events_of, responses
from tests.unit.translators.broken import broken
from tests.unit.translators.pairs import TO_CHAT, TO_RESPONSES, streamed

from controlplane.errors import ProviderError

TO_COMPLETION = TO_RESPONSES.translate(
    {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
)
TO_RESPONSE = TO_CHAT.translate(
    {
        "model": "m",
        "input": "Hello",
        "include": ["reasoning.encrypted_content"],
        "tools": [{"type": "custom", "name": "note"}, {"type": "local_shell"}],
    }
)
COMPLETIONS = completions(["f", "note", "local_shell"])


@st.composite
def chunk_lists(draw: Any) -> list[Any]:
    return chunks_of(draw, draw(COMPLETIONS))


@st.composite
def event_lists(draw: Any) -> list[Any]:
    return [*events_of(draw, draw(responses()))]


@given(broken(COMPLETIONS))
def test_a_completion(answer: Any) -> None:
    with suppress(ProviderError):
        assert TO_RESPONSE.whole(answer)["object"] == "response"


@given(broken(responses()))
def test_a_response(answer: Any) -> None:
    with suppress(ProviderError):
        assert TO_COMPLETION.whole(answer)["object"] == "chat.completion"


@given(broken(chunk_lists()))
def test_chunks(chunks: list[Any]) -> None:
    with suppress(ProviderError):
        events = streamed(TO_RESPONSE, [each for each in chunks if isinstance(each, dict)])
        assert events[-1]["type"] in ("response.completed", "response.incomplete")


@given(broken(event_lists()))
def test_events(events: list[Any]) -> None:
    with suppress(ProviderError):
        chunks = streamed(TO_COMPLETION, [each for each in events if isinstance(each, dict)])
        assert chunks[-1]["object"] == "chat.completion.chunk"
