"""What a translator makes: a request in another protocol, and what turns its answer back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol as Port

from controlplane.domain.inference import Body, Event, InferenceRequest


class StreamTranslation(Port):
    """The events of one answer on their way back."""

    def feed(self, event: Event) -> list[Event]:
        """What the next event becomes. Raises ProviderError for one that makes no sense."""
        ...

    def end(self) -> list[Event]:
        """What is left to say after the last event. Raises ProviderError where the answer is not
        complete."""
        ...


class Translation(Port):
    """One request, translated. `left_out` names what of it says nothing there."""

    request: InferenceRequest
    left_out: tuple[str, ...]

    def whole(self, answer: Body) -> Body:
        """A whole answer to it, in the protocol of the one that came. Raises ProviderError."""
        ...

    def stream(self) -> StreamTranslation:
        """Of one streamed answer to it."""
        ...


# Of a request, for a provider of that name and its model. Raises UnsupportedParameter.
Translate = Callable[[InferenceRequest, str, str], Translation]
