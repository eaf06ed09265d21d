"""The blocks of an answer, one after the other, as the events of a stream say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.domain.inference import Event
from controlplane.translators.digits import exact_text

# What no tool can be called with. Clients give up where an input is no JSON; so the call fails,
# and the model tries again.
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
INVALID_JSON = "INVALID_JSON"


class Blocks:
    """Makes the events. At most one block is open, and `kind` is its type."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.count = 0

    def open(self, block: Mapping[str, Any]) -> list[Event]:
        """A block begins; one that was open ends before."""
        events = self.close()
        self.kind = block["type"]
        return [*events, self._event("content_block_start", content_block=block)]

    def say(self, delta: Mapping[str, Any]) -> list[Event]:
        """More of the open block."""
        return [self._event("content_block_delta", delta=delta)]

    def close(self) -> list[Event]:
        """The open block ends, if there is one."""
        if self.kind is None:
            return []
        event = self._event("content_block_stop")
        self.kind = None
        self.count += 1
        return [event]

    def _event(self, kind: str, **members: Any) -> Event:
        return {"type": kind, "index": self.count, **members}


def joined(events: list[Event]) -> list[dict[str, Any]]:
    """The blocks of which these events speak."""
    blocks: list[dict[str, Any]] = []
    said: list[str] = []
    for event in events:
        kind = event["type"]
        if kind == "content_block_start":
            blocks.append(dict(event["content_block"]))
            said = []
        elif kind == "content_block_delta":
            ((name, text),) = ((n, t) for n, t in event["delta"].items() if n != "type")
            if name == "partial_json":
                said.append(text)
                blocks[-1]["input"] = exact_text("".join(said))
            else:
                blocks[-1][name] += text
    return blocks
