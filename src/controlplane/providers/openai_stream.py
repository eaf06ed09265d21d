"""The events of OpenAI's format, tolerantly: what compatible servers send is put in order.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controlplane.domain.chat import Chunk
from controlplane.errors import ProviderError
from controlplane.providers.http import json_object

_FRAME = ("id", "object", "created", "model")
_FLAT_ERRORS = ("message", "detail")


class ChunkReader:
    """One stream: feed it the data of each event, in order.

    `finished` once all `choices` that were asked for have their reason to stop.
    """

    def __init__(self, choices: int, failure: Callable[[Mapping[str, Any]], ProviderError]) -> None:
        self._choices = choices
        self._failure = failure
        self._begun: set[int] = set()
        self._stopped: set[int] = set()
        self._frame: dict[str, Any] = {}

    @property
    def finished(self) -> bool:
        """Nothing of the answer is still to come."""
        return len(self._stopped) >= self._choices and self.ended_well

    @property
    def ended_well(self) -> bool:
        """Where the stream ends here, what has begun is complete."""
        return bool(self._begun) and self._begun == self._stopped

    def feed(self, data: bytes) -> Chunk:
        """The chunk; an empty one where there is nothing to pass on.

        What comes before the first choice is no answer, such as Azure's filter results of the
        prompt. Raises ProviderError for an error, and for what is no chunk.
        """
        if not data:
            return {}
        chunk = json_object(data)
        if is_error(chunk):
            raise self._failure(chunk)
        choices = chunk.get("choices")
        if choices:
            chunk = self._with_deltas(chunk, choices)
        elif choices is None:
            chunk["choices"] = []
        elif choices != []:
            raise _no_chunk()
        return self._framed(chunk) if self._begun else {}

    def _with_deltas(self, chunk: dict[str, Any], choices: Any) -> dict[str, Any]:
        if not isinstance(choices, list):
            raise _no_chunk()
        for place, choice in enumerate(choices):
            if not isinstance(choice, dict) or "message" in choice:
                raise _no_chunk()
            reason, delta = choice.get("finish_reason"), choice.get("delta")
            if reason == "error":
                raise ProviderError("protocol", "the provider gave its answer up")
            index = choice.get("index", 0)
            if reason:
                self._stopped.add(index)
            if reason or delta is not None:
                self._begun.add(index)
            if not isinstance(delta, dict):
                # Azure's asynchronous filter says so what it found; clients read every delta.
                choices[place] = {**choice, "delta": {}}
        return chunk

    def _framed(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """The chunk with what all chunks of a stream have alike."""
        if not chunk.get("id"):
            return {**chunk, **{n: v for n, v in self._frame.items() if not chunk.get(n)}}
        if not self._frame:
            self._frame = {name: chunk[name] for name in _FRAME if name in chunk}
        return chunk


def is_error(body: Mapping[str, Any]) -> bool:
    """Whether a body of a 200 is an error all the same; an `error` that is null says nothing."""
    if body.get("error"):
        return True
    if "choices" in body or "data" in body:
        return False
    return body.get("object") == "error" or any(isinstance(body.get(n), str) for n in _FLAT_ERRORS)


def _no_chunk() -> ProviderError:
    return ProviderError("protocol", "an event of the stream is not a chunk")
