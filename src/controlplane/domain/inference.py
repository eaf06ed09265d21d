"""What every request to a model has, whatever it asks for. It keeps every key it came with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """A checked request. `body` is the caller's object, whole; treat it as read-only. `size` is
    how many bytes of JSON came in, None once the texts are not those that came. `lenient` says that
    what a target does not have may be left out, as far as the question stays the same."""

    body: Mapping[str, Any]
    size: int | None = None
    lenient: bool = False

    generates: ClassVar[bool] = True
    """True where the answer is text, whose length the policy may bound."""

    @property
    def model(self) -> str:
        """The model or alias asked for."""
        return str(self.body["model"])

    @property
    def stream(self) -> bool:
        """True where the answer is to be server-sent events."""
        return self.body.get("stream") is True

    @property
    def wants_usage_chunk(self) -> bool:
        """True where a stream is to end with a chunk that carries `usage`."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def end_user(self) -> str | None:
        """The caller's own name for its user (`user`)."""
        return self.body.get("user")

    @property
    def readable(self) -> Mapping[str, Any]:
        """The body as it is read, without what is text and cannot be read as such here."""
        return self.body

    @property
    def unreadable(self) -> bool:
        """True where something of it is text and cannot be read as such here."""
        return False

    def with_body(self, body: Mapping[str, Any]) -> Self:
        """The same request with other texts; this one stays as it is."""
        return dataclasses.replace(self, body=body, size=None)

    def replace(self, **changes: Any) -> Self:
        """The same request with other parameters; this one stays as it is."""
        return dataclasses.replace(self, body={**self.body, **changes})
