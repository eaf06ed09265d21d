"""The events of OpenAI's format, tolerantly: what compatible servers send is put in order.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from controlplane.domain.inference import Event
from controlplane.errors import ProviderError
from controlplane.protocols.protocol import json_object

DONE = b"[DONE]"
_FRAME = ("id", "object", "created", "model")
_FLAT_ERRORS = ("message", "detail")


class ChunkReader:
    """One stream: feed it the data of each event, in order.

    `finished` once all `choices` that were asked for have their reason to stop.
    """

    end: ClassVar[bytes] = DONE

    def __init__(self, choices: int, failure: Callable[[Mapping[str, Any]], ProviderError]) -> None:
        self.finished = self.closed = False
        self._choices = choices
        self._failure = failure
        self._begun: set[int] = set()
        self._stopped: set[int] = set()
        self._frame: dict[str, Any] = {}

    @property
    def ended_well(self) -> bool:
        """Where the stream ends here, what has begun is complete."""
        return bool(self._begun) and self._begun == self._stopped

    def feed(self, data: bytes) -> Event:
        """The chunk; an empty one where there is nothing to pass on.

        What comes before the first choice is no answer, such as Azure's filter results of the
        prompt. Raises ProviderError for an error, and for what is no chunk.
        """
        if not data:
            return {}
        if data == DONE:
            self.closed = True
            return {}
        chunk = json_object(data)
        choices = chunk.get("choices")
        if chunk.get("error") or (choices is None and is_error(chunk)):
            raise self._failure(chunk)
        if choices:
            self._read(choices)
        elif choices is None:
            chunk["choices"] = []
        elif choices != []:
            raise _no_chunk()
        if self._frame and chunk.get("id"):
            return chunk
        return self._framed(chunk) if self._begun else {}

    def _read(self, choices: Any) -> None:
        if not isinstance(choices, list):
            raise _no_chunk()
        for place, choice in enumerate(choices):
            if not isinstance(choice, dict) or "message" in choice:
                raise _no_chunk()
            delta = choice.get("delta")
            if reason := choice.get("finish_reason"):
                self._stop(choice.get("index", 0), reason)
            elif delta is not None:
                self._begun.add(choice.get("index", 0))
            if not isinstance(delta, dict):
                # Azure's asynchronous filter says so what it found; clients read every delta.
                choices[place] = {**choice, "delta": {}}

    def _stop(self, index: int, reason: str) -> None:
        if reason == "error":
            raise ProviderError("protocol", "the provider gave its answer up")
        self._begun.add(index)
        self._stopped.add(index)
        self.finished = len(self._stopped) >= self._choices and self.ended_well

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
