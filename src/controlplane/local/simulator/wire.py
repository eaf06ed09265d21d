"""What a wire format is to the simulator, and the parts of an answer on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from controlplane.local.simulator.generation import Generation

# The key that every wire takes, and that of another account: what one was given is not the other's.
API_KEY = "sk-simulator"
OTHER_API_KEY = "sk-simulator-other"
API_KEYS = (API_KEY, OTHER_API_KEY)

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class ProviderCall:
    """One request to a provider. Header names are lower case; `path` is without the prefix."""

    method: str
    path: str
    query_string: str
    headers: Mapping[bytes, bytes]
    raw: bytes

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the address."""
        return dict(parse_qsl(self.query_string))

    @property
    def bearer(self) -> str:
        """The key in `Authorization: Bearer`; "" without one."""
        scheme, _, key = self.headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        return key if scheme.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Request:
    """A call that was understood: the model it names, and its body.

    `chat` is the same in OpenAI's words: what the answer is made from. `fixed` is the answer where
    the model has no part in it; `account` is the key that was sent; `created_at` is in seconds
    since 1970.
    """

    model: str
    body: Mapping[str, Any]
    serial: int
    chat: Mapping[str, Any]
    fixed: Mapping[str, Any] | None = None
    account: str = API_KEY
    created_at: int = 0

    @property
    def stream(self) -> bool:
        """True where the caller asked for server-sent events."""
        return self.body.get("stream") is True


@dataclass(frozen=True, slots=True)
class Frames:
    """The events of a streamed answer, in order.

    `start` comes before any of the answer, `finish` says why it ended, `done` that nothing follows;
    `hollow_done` does so where `done` would repeat the answer.
    """

    start: Sequence[bytes]
    content: Sequence[bytes]
    finish: Sequence[bytes]
    usage: Sequence[bytes]
    done: Sequence[bytes]
    hollow_done: Sequence[bytes] = ()

    @property
    def hollow(self) -> Sequence[bytes]:
        """A stream without any answer in it."""
        return (*self.start, *self.usage, *(self.hollow_done or self.done))

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

    def too_long(self) -> Refusal:
        """The input does not fit into the model's context."""
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

    def event(self, data: bytes, number: int = 0) -> bytes:
        """One event of a stream, whatever its data is, that comes after `number` others."""
        ...

    def failed(self, request: Request, status: int, number: int | None) -> bytes | None:
        """The body, or the event after `number` others, of an answer whose own state is that it
        failed; None where the format has no such state."""
        ...
