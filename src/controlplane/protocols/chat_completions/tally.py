"""What was heard of the chunks of a streamed completion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from controlplane.domain.inference import Event
from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.measure import characters
from controlplane.protocols.chat_completions.usage import read_usage
from controlplane.protocols.counts import word

# In a first chunk that is shown to no client: what a provider with another protocol counted then.
BEGUN = "begun"


class ChunkTally:
    """One stream. Its usage comes once at the end, or with each chunk and growing; zeros count
    nothing."""

    def __init__(self) -> None:
        self.model: str | None = None
        self.said = 0
        self.usage: Usage | None = None
        self.begun = Usage()
        self.unheard = True  # what OpenAI's models think is never said
        self._last: Event = {}

    def hear(self, event: Event) -> None:
        """The text of its choices, and its usage."""
        if self.model is None and isinstance(model := event.get("model"), str) and model:
            self.model = model
            self._served_by(event)
            self._count(event.get(BEGUN), event)
        said = event.get("usage")
        if said:
            self._count(said, event)
        for choice in event.get("choices", ()):
            delta = choice.get("delta")
            self.said += characters(delta)
            if delta and "annotations" in delta:
                self._cite(delta["annotations"])
        self._last = event

    def end(self) -> None:
        """What was reported is all of it. Moonshot does so inside the last choice."""
        if self.usage is None and not self.begun.is_counted:
            for choice in self._last.get("choices", ()):
                self._count(choice.get("usage"), self._last)
        if self.usage is None and self.begun.is_counted:
            self.usage = self.begun

    def _served_by(self, event: Event) -> None:
        if (tier := word(event.get("service_tier"))) is not None:
            self.begun = replace(self.begun, service_tier=tier)

    def _cite(self, annotations: object) -> None:
        """What is cited was searched for: how often is not said."""
        if annotations and not self.begun.calls:
            self.begun = replace(self.begun, unknown=self.begun.unknown | {"web_search"})

    def _count(self, said: object, event: Event) -> None:
        if (usage := read_usage(said)) is None:
            return
        if usage.calls:
            self.begun = replace(self.begun, unknown=self.begun.unknown - {"web_search"})
        self.begun = self.begun.raised(usage)
        self._served_by(event)
        if (
            self.usage is not None
            or _ends(event)
            or (not event.get("choices") and _ends(self._last))
        ):
            self.usage = self.begun


def _ends(event: Mapping[str, Any]) -> bool:
    return any(choice.get("finish_reason") for choice in event.get("choices", ()))
