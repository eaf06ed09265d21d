"""What a wire format is to the simulator, and the parts of an answer on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from controlplane.local.simulator.answers import Answer

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider. Header names are lower case; `path` is without the prefix."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A call that was understood: the model it names, and its body."""

    model: str
    body: Mapping[str, Any]
    serial: int

    @property
    def stream(self) -> bool:
        """True where the caller asked for server-sent events."""
        return self.body.get("stream") is True


@dataclass(frozen=True, slots=True)
class Frames:
    """The events of a streamed answer, in order: `content`, `finish`, `usage`, `done`."""

    content: Sequence[bytes]
    finish: Sequence[bytes]
    usage: Sequence[bytes]
    done: Sequence[bytes]

    @property
    def whole(self) -> Sequence[bytes]:
        """All of them."""
        return (*self.content, *self.finish, *self.usage, *self.done)


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

    def read(self, call: Call, serial: int) -> Request:
        """Understand a call. Raises Refusal as the provider would answer it."""
        ...

    def error(self, status: int, model: str, retry_after: float | None) -> Refusal:
        """The provider's own answer for a status."""
        ...

    def completion(self, answer: Answer, request: Request) -> dict[str, Any]:
        """The whole answer."""
        ...

    def frames(self, answer: Answer, request: Request) -> Frames:
        """The streamed answer."""
        ...
