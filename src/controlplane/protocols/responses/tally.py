"""What was heard of the events of a streamed response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.domain.inference import Event
from controlplane.domain.usage import CHARACTERS_PER_TOKEN, Usage, sorted_calls
from controlplane.policy.output_tokens import DEFAULT_MAX_OUTPUT_TOKENS
from controlplane.protocols.responses.reader import ENDS
from controlplane.protocols.responses.usage import of_items, usage_of


class ResponseTally:
    """One stream. Its last event has the usage."""

    def __init__(self) -> None:
        self.model: str | None = None
        self.said = 0
        self.usage: Usage | None = None
        self.begun = Usage()
        # A model thinks without a word of it being told.
        self.unheard = True
        self._calls: dict[str, int] = {}

    def hear(self, event: Event) -> None:
        """The text of deltas, the calls of the provider's tools, and the usage of the last
        event."""
        if isinstance(delta := event.get("delta"), str):
            self.said += len(delta)
            return
        response = event.get("response")
        if isinstance(response, Mapping):
            self._meet(response, ends=event.get("type") in ENDS)
        elif event.get("type") == "response.output_item.done":
            self._see(event.get("item"))

    def end(self) -> None:
        """What was reported is all of it."""
        if self.usage is None and self.begun.is_counted:
            self.usage = self.begun

    def _meet(self, response: Mapping[str, Any], *, ends: bool) -> None:
        if isinstance(model := response.get("model"), str) and model:
            self.model = model
        if is_in_background(response):
            self.said = max(self.said, allowed(response))
        told = usage_of(response)
        self.begun = self.begun.raised(told)
        if ends and (told.input or told.output):
            self.usage = told

    def _see(self, item: Any) -> None:
        calls, unknown = of_items([item])
        if calls or unknown:
            for name, more in calls.items():
                self._calls[name] = self._calls.get(name, 0) + more
            seen = Usage(calls=sorted_calls(self._calls), unknown=frozenset(unknown))
            self.begun = self.begun.raised(seen)


def is_in_background(response: Any) -> bool:
    """True of one that goes on without its reader."""
    return isinstance(response, Mapping) and response.get("background") is True


def allowed(response: Mapping[str, Any]) -> int:
    """How much a response may say, in characters."""
    tokens = response.get("max_output_tokens")
    longest = tokens if isinstance(tokens, int) else DEFAULT_MAX_OUTPUT_TOKENS
    return longest * CHARACTERS_PER_TOKEN
