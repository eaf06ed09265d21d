"""What was heard of the events of a streamed Message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controlplane.domain.inference import Event
from controlplane.domain.usage import Usage
from controlplane.protocols.messages.measure import of_block
from controlplane.protocols.messages.usage import read_usage, risen


class EventTally:
    """One stream. The input is counted when it begins, and the output when it ends."""

    def __init__(self) -> None:
        self.model: str | None = None
        self.said = 0
        self.usage: Usage | None = None
        self.begun = Usage()
        self.unheard = True
        self._counts: dict[str, Any] = {}
        self._stopped = self._counted = False
        self._thought = 0
        self._searches = 0

    def hear(self, event: Event) -> None:
        """Its text and its counts."""
        kind = event.get("type")
        if kind == "content_block_delta":
            self._delta(event.get("delta"))
        elif kind == "content_block_start":
            self._start(event.get("content_block"))
        elif kind == "message_start":
            message = event.get("message")
            if isinstance(message, dict):
                model = message.get("model")
                self.model = model if isinstance(model, str) and model else None
                self._count(message.get("usage"))
        elif kind == "message_delta":
            delta = event.get("delta")
            self._stopped |= isinstance(delta, dict) and delta.get("stop_reason") is not None
            self._counted |= self._count(event.get("usage"))
            if self._stopped and self._counted:
                self.usage = self.begun

    def end(self) -> None:
        """What ends it has said all."""

    def _count(self, usage: Any) -> bool:
        if not isinstance(usage, dict):
            return False
        self._counts = risen(self._counts, usage)
        self.begun = self.begun.raised(read_usage(self._counts) or Usage())
        return "output_tokens" in usage

    def _start(self, block: Any) -> None:
        if isinstance(block, dict):
            self.unheard = block.get("type") == "thinking" and not block.get("thinking")
            self._thought = 0
            self.said += of_block(block)
            if block.get("type") == "server_tool_use" and block.get("name") == "web_search":
                self._searches += 1
                self.begun = replace(self.begun, calls=(("web_search", self._searches),))

    def _delta(self, delta: Any) -> None:
        if not isinstance(delta, dict):
            return
        for name, text in delta.items():
            if name != "type" and isinstance(text, str) and text:
                self.unheard = False
                if name == "signature":
                    # The signature holds the whole thought, hidden parts included.
                    self.said += max(0, len(text) - self._thought)
                else:
                    self.said += len(text)
                    self._thought += len(text) if name == "thinking" else 0
