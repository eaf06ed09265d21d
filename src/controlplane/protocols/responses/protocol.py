"""Responses as a protocol of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from controlplane.domain.inference import AsItCame, Body, Event, InferenceRequest, ProtocolName
from controlplane.domain.stored_answers import StoredRequest
from controlplane.domain.usage import Usage
from controlplane.errors import ProviderError
from controlplane.protocols.protocol import Failure, Protocol, Window, json_object
from controlplane.protocols.responses.ciphertext import without_ciphertext
from controlplane.protocols.responses.frames import ResponseFrames
from controlplane.protocols.responses.measure import characters
from controlplane.protocols.responses.reader import ResponseReader, failed
from controlplane.protocols.responses.request import ResponsesRequest, parse_responses_request
from controlplane.protocols.responses.stream_screen import ResponseScreen
from controlplane.protocols.responses.tally import ResponseTally, allowed, is_in_background
from controlplane.protocols.responses.texts import is_sealed, without_logprobs
from controlplane.protocols.responses.usage import usage_of

# Events in which nothing is to be seen yet. What begins or is under way has nothing to show either.
_OF_RESPONSES = frozenset({"response.created", "response.queued", "response.in_progress"})
_UNDER_WAY = ("queued", "in_progress")
_IDS = ("id", "previous_response_id")
_BEGINS = (".added", ".in_progress", ".delta")


class Responses(Protocol):
    """See `Protocol`."""

    name: ClassVar[ProtocolName] = ProtocolName.RESPONSES
    operation: ClassVar[str] = "responses"
    json_texts: ClassVar[frozenset[str]] = frozenset({"arguments"})
    sealed: ClassVar[frozenset[str]] = frozenset({"encrypted_content"})
    tells_codes: ClassVar[bool] = True

    def parse(self, raw: bytes) -> ResponsesRequest:
        """See `parse_responses_request`."""
        return parse_responses_request(raw)

    def read_answer(self, body: bytes, request: InferenceRequest, failure: Failure) -> Body:
        """A response that did not fail; one that is incomplete or not begun is an answer too, and
        so is whatever is said of a stored one."""
        answer = json_object(body)
        if isinstance(request, StoredRequest):
            return AsItCame(answer, body)
        if answer.get("status") == "failed":
            raise failed(answer, failure)
        if answer.get("error") or answer.get("object") == "error":
            raise failure(answer)
        if not isinstance(answer.get("output"), list):
            raise ProviderError("protocol", "the answer is not a response")
        return AsItCame(answer, body)

    def reader(self, request: InferenceRequest, failure: Failure) -> ResponseReader:
        """Of its events."""
        return ResponseReader(failure)

    def usage(self, answer: Body) -> Usage:
        """Its member `usage`, and what else it says of it."""
        return usage_of(answer)

    def said(self, answer: Body) -> int:
        """In its output; one that has only begun may say all that it is allowed to."""
        said = characters(answer.get("output"))
        return max(said, allowed(answer)) if answer.get("status") in _UNDER_WAY else said

    def tally(self) -> ResponseTally:
        """Of its events."""
        return ResponseTally()

    def is_visible(self, event: Event) -> bool:
        """Anything but that something begins."""
        kind = event.get("type")
        if kind in _OF_RESPONSES:
            # Of one that goes on without its reader, the id is what there is to see.
            return is_in_background(event.get("response"))
        if not isinstance(kind, str) or not kind.endswith(_BEGINS):
            return True
        return bool(event.get("delta"))

    def texts(self, answer: Body) -> dict[str, Any] | None:
        """Its output; the rest repeats the request. Of a list, the items."""
        texts = {n: answer[n] for n in ("output", "data") if isinstance(answer.get(n), list)}
        return texts or None

    def readable(self, texts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without encrypted content of items."""
        return {name: without_ciphertext(items) for name, items in texts.items()}

    def consistent(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Without the `logprobs` of a changed text."""
        return {
            name: [_consistent(*pair) for pair in zip(before[name], items, strict=True)]
            for name, items in after.items()
        }

    def is_sealed(self, place: str) -> bool:
        """In encrypted content and ids of items."""
        return is_sealed(place)

    def with_ids(
        self, answer: Mapping[str, Any], rename: Callable[[str], str]
    ) -> Mapping[str, Any]:
        """Its own, and that of the one that it goes on from."""
        if str(answer.get("object")).startswith("response"):
            own = {n: rename(answer[n]) for n in _IDS if isinstance(answer.get(n), str)}
            return {**answer, **own}
        response = answer.get("response")
        if not isinstance(response, Mapping):
            return answer
        return {**answer, "response": self.with_ids(response, rename)}

    def stream_screen(self, window: Window) -> ResponseScreen:
        """Of its events."""
        return ResponseScreen(window)

    def framing(self) -> ResponseFrames:
        """Of one stream."""
        return ResponseFrames()


def _consistent(old: Any, new: Any) -> Any:
    """An item; `new` is `old`, or a copy of it in which values were replaced."""
    if new is old or not isinstance(new, Mapping) or not isinstance(new.get("content"), list):
        return new
    content = [
        without_logprobs(part) if part is not was and isinstance(part, Mapping) else part
        for was, part in zip(old["content"], new["content"], strict=True)
    ]
    return {**new, "content": content}


PROTOCOL = Responses()
