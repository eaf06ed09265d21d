"""What a protocol is: all that the rest of the program knows of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from typing import Protocol as Port

import orjson

from controlplane.domain.body import is_deeper
from controlplane.domain.inference import (
    AsItCame,
    Body,
    Event,
    InferenceRequest,
    ProtocolName,
)
from controlplane.domain.limits import LimitStatus
from controlplane.domain.memory import MEGABYTE, hold_parsed
from controlplane.domain.usage import Usage
from controlplane.errors import (
    MAX_MESSAGE_LENGTH,
    GatewayError,
    ProviderError,
    ProviderRefused,
    shown,
)
from controlplane.screening.stream_buffer import StreamBuffer

# Of an answer once it is parsed: one of 32 MiB that is made of texts or of numbers fits.
MAX_PARSED_BYTES = 128 * MEGABYTE
# Half of what can be written again.
MAX_DEPTH = 128

# What a provider means by an error that it names in the body of a success, or in a stream.
Failure = Callable[[Mapping[str, Any]], ProviderError]


class Window(Port):
    """Makes the window through which a text leaves."""

    def __call__(self, key: str, *, sealed: bool = False) -> StreamBuffer:
        """Of the text in the member `key`, "" where nothing is put back; one that is sealed is only
        looked at."""
        ...


class StreamReader(Port):
    """One stream of a provider. Each event is fed in order, and comes out as it may go on."""

    end: ClassVar[bytes]
    """Stands in the event that closes a stream, and in no event before."""
    finished: bool
    """True once the answer is complete: what may still follow closes the stream."""
    closed: bool
    """True once the stream is closed."""

    @property
    def ended_well(self) -> bool:
        """True where the answer is complete if nothing else comes."""
        ...

    def feed(self, data: bytes) -> Event:
        """The event; an empty one says nothing. Raises ProviderError."""
        ...


class Tally(Port):
    """What was heard of a streamed answer so far."""

    model: str | None
    """Who answers, as the answer names it."""
    said: int
    """How much it said, in characters."""
    usage: Usage | None
    """What was used, once that is reported for all of it."""
    begun: Usage
    """What was reported of it before: all of its input, and the least of its output; zeros where
    nothing was."""
    unheard: bool
    """True while it may be thinking without a word of it being heard."""

    def hear(self, event: Event) -> None:
        """Take an event into account."""
        ...

    def end(self) -> None:
        """The stream is complete: nothing more will be reported."""
        ...


class StreamScreen(Port):
    """Screens a stream through windows."""

    def after(self, event: Event) -> Iterator[Event]:
        """The events that may leave now that `event` has come."""
        ...

    def at_end(self) -> Iterator[Event]:
        """What is still held, once the last event has come."""
        ...


class Framing(Port):
    """How one stream is sent."""

    def frame(self, event: Event) -> bytes:
        """The event as it is sent."""
        ...

    def closes(self, event: Event) -> bool:
        """True of the event that says of a stream that it is complete, the last one."""
        ...

    def ending(self) -> bytes:
        """What closes a stream that is complete and has no such event."""
        ...

    def error_event(self, error: GatewayError, request_id: str) -> bytes:
        """How a stream says that it cannot go on."""
        ...


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error as a caller gets it: `body` is JSON."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Protocol(ABC):
    """One wire format: its requests, its answers whole and streamed, its errors. Stateless."""

    name: ClassVar[ProtocolName]
    operation: ClassVar[str]
    """How the audit trail calls a request."""
    header_family: ClassVar[tuple[str, ...]] = ()
    """How the names of headers begin, lower case, that belong to the request."""
    keeps_refusals: ClassVar[bool] = False
    """True where clients read a provider's own words, so that its refusals go on as they came."""
    json_texts: ClassVar[frozenset[str]] = frozenset()
    """Members whose text is JSON itself."""
    sealed: ClassVar[frozenset[str]] = frozenset()
    """Members in which values of the request are not put back."""
    request_id_headers: ClassVar[tuple[str, ...]] = ("x-request-id",)
    """Under which names clients look for the id of a request."""
    tells_codes: ClassVar[bool] = False
    """True where a caller acts upon the code by which a provider broke its stream off."""
    heartbeat: ClassVar[bytes] = b": keep-alive\n\n"
    """What is sent in a stream while there is nothing to say."""

    @abstractmethod
    def parse(self, raw: bytes) -> InferenceRequest:
        """Read and check a request body. Raises InvalidRequest, naming the parameter in `param`."""

    @abstractmethod
    def read_answer(self, body: bytes, request: InferenceRequest, failure: Failure) -> Body:
        """A provider's whole answer to `request`. Raises ProviderError where it is none."""

    def reader(self, request: InferenceRequest, failure: Failure) -> StreamReader:
        """Of a provider's stream that answers `request`."""
        raise TypeError(f"{self.name} are never streamed")

    @abstractmethod
    def usage(self, answer: Body) -> Usage:
        """What a whole answer reports as used; zeros where it reports nothing."""

    def said(self, answer: Body) -> int:
        """How much a whole answer says, in characters."""
        return 0

    def model(self, answer: Body) -> str | None:
        """Who answered, as the answer names it."""
        model = answer.get("model")
        return model if isinstance(model, str) and model else None

    def tally(self) -> Tally:
        """Of one stream, nothing heard yet."""
        raise TypeError(f"{self.name} are never streamed")

    def is_visible(self, event: Event) -> bool:
        """True where a reader sees anything of it."""
        return True

    def shown(self, event: Event, request: InferenceRequest) -> Event | None:
        """The event as the caller asked for it; None where it asked for none."""
        return event

    def texts(self, answer: Body) -> dict[str, Any] | None:
        """The members of a whole answer that are text of the model; None where there are none."""
        return None

    def readable(self, texts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Texts as they are read, without what is none in them."""
        return texts

    def consistent(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Texts `after` values were replaced in those `before`: what says them again is left out,
        and what was signed with them."""
        return dict(after)

    def is_sealed(self, place: str) -> bool:
        """True where, in a request or an answer, nothing may be replaced: its maker would not know
        it again."""
        return False

    def with_ids(
        self, answer: Mapping[str, Any], rename: Callable[[str], str]
    ) -> Mapping[str, Any]:
        """A whole answer or an event with other ids of stored answers."""
        return answer

    def budget_headers(self, statuses: Sequence[LimitStatus]) -> Mapping[str, str]:
        """The headers, beside OpenAI's, that tell a caller where it stands with its budgets."""
        return {}

    def stream_screen(self, window: Window) -> StreamScreen:
        """Of one stream."""
        raise TypeError(f"{self.name} are never streamed")

    def framing(self) -> Framing:
        """Of one stream."""
        return self

    def frame(self, event: Event) -> bytes:
        """The event as it is sent."""
        return b"data: %b\n\n" % encoded(event)

    def closes(self, event: Event) -> bool:
        """True of the event that says of a stream that it is complete, the last one."""
        return False

    def ending(self) -> bytes:
        """What closes a stream that is complete and has no such event."""
        return b""

    def error_answer(self, error: GatewayError, request_id: str) -> ErrorAnswer:
        """An error as an answer: a provider's own where it has the request's protocol."""
        answer = error.answer if isinstance(error, ProviderRefused) else None
        if answer is not None and _is_presentable(answer.body):
            return ErrorAnswer(answer.status, answer.body, error.headers)
        return self.own_error(error, request_id)

    def own_error(self, error: GatewayError, request_id: str) -> ErrorAnswer:
        """An error in words of ours; OpenAI's envelope."""
        return ErrorAnswer(error.status, orjson.dumps(error.envelope()), error.headers)

    def error_event(self, error: GatewayError, request_id: str) -> bytes:
        """How a stream says that it cannot go on."""
        return b"data: %b\n\n" % self.own_error(error, request_id).body


def _is_presentable(body: bytes) -> bool:
    """False of JSON with a text in it that no error of ours would have; its lines may end."""
    left = [orjson.loads(body)]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += (*value, *value.values())
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str):
            line = value.replace("\n", " ")
            if shown(line, MAX_MESSAGE_LENGTH) != line:
                return False
    return True


def encoded(value: Mapping[str, Any]) -> bytes:
    """A JSON object in the bytes in which it came; anew where it was changed."""
    return value.raw if isinstance(value, AsItCame) else orjson.dumps(value)


def json_object(data: bytes) -> dict[str, Any]:
    """`data` as a JSON object. Raises ProviderError where it is none, or is more than an answer
    can be; Unavailable where the process has no room for it."""
    if not hold_parsed(data, MAX_PARSED_BYTES):
        raise ProviderError("protocol", "the answer has too many members")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ProviderError("protocol", "the answer is not JSON") from None
    if not isinstance(value, dict):
        raise ProviderError("protocol", "the answer is not a JSON object")
    if is_deeper(data, value, MAX_DEPTH):
        raise ProviderError("protocol", "the answer is nested too deep")
    return value
