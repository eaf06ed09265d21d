"""What a wire format is to the simulator, and the parts of an answer on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controlplane.local.simulator.generation import Generation

# The key that every wire takes.
API_KEY = "sk-simulator"

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One request to a provider. Header names are lower case; `path` is without the prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A call that was understood: the model it names, and its body.

    `chat` is the same in OpenAI's words: what the answer is made from.
    """

    model: str
    body: Mapping[str, Any]
    serial: int
    chat: Mapping[str, Any]

    @property
    def stream(self) -> bool:
        """True where the caller asked for server-sent events."""
        return self.body.get("stream") is True


@dataclass(frozen=True, slots=True)
class Frames:
    """The events of a streamed answer, in order.

    `start` comes before any of the answer, `finish` says why it ended, `done` that nothing follows.
    """

    start: Sequence[bytes]
    content: Sequence[bytes]
    finish: Sequence[bytes]
    usage: Sequence[bytes]
    done: Sequence[bytes]

    @property
    def whole(self) -> Sequence[bytes]:
        """All of them."""
        return (*self.start, *self.content, *self.finish, *self.usage, *self.done)


class Refusal(Exception):
    """The provider answers with an error: `status`, `body` and `headers` of that answer."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Headers = ()) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


class Wire(Protocol):
    """A provider's format. Pure: nothing here sends."""

    headers: Headers
    request_id_header: bytes
    # What keeps a stream alive without saying anything.
    ping: bytes

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Understand a call. Raises Refusal as the provider would answer it."""
        ...

    def error(self, status: int, model: str) -> Refusal:
        """The provider's own answer for a status."""
        ...

    def quota(self) -> Refusal:
        """The account has nothing left to spend."""
        ...

    def signed(self, body: Mapping[str, Any], request_id: str) -> Mapping[str, Any]:
        """The body of an error as it is sent."""
        ...

    def completion(
        self, generation: Generation, request: Request, *, usage: bool = True
    ) -> dict[str, Any]:
        """The whole answer, or one that forgets the usage."""
        ...

    def hollow(self, completion: Mapping[str, Any]) -> dict[str, Any]:
        """The same answer without any answer in it."""
        ...

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """The streamed answer, or one that forgets the usage."""
        ...

    def event(self, data: bytes) -> bytes:
        """One event of a stream, whatever its data is."""
        ...
