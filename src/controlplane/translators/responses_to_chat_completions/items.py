"""The items of a Response as they come about: each knows the events that tell of it.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from controlplane.domain.inference import Event
from controlplane.translators.responses_to_chat_completions.thoughts import Thoughts
from controlplane.translators.tokens import without_bytes

Item = dict[str, Any]


class OutputItem(Protocol):
    """One item; `item` is what it has become."""

    item: Item

    def close(self, status: str) -> list[Event]:
        """The events of its end."""
        ...


class Place:
    """Where an item stands in a Response."""

    def __init__(self, kind: str, base: str, index: int) -> None:
        self.id = f"{kind}_{base}_{index}"
        self.index = index

    def event(self, kind: str, **members: Any) -> Event:
        """An event of the item."""
        return {
            "type": f"response.{kind}",
            "item_id": self.id,
            "output_index": self.index,
            **members,
        }

    def added(self, item: Item) -> Event:
        """The event of its beginning."""
        return {
            "type": "response.output_item.added",
            "output_index": self.index,
            "item": {**item},
        }

    def done(self, item: Item) -> Event:
        """The event of its end."""
        return {"type": "response.output_item.done", "output_index": self.index, "item": item}


class Reasoning:
    """What was thought: its text as a summary, and all of it sealed for `maker` if there is one."""

    def __init__(self, base: str, index: int, maker: str | None) -> None:
        self._place = Place("rs", base, index)
        self._maker = maker
        self._thoughts = Thoughts()
        self._text = ""
        self.item: Item = {"id": self._place.id, "type": "reasoning", "summary": []}

    def open(self) -> list[Event]:
        """The event of its beginning."""
        return [self._place.added({**self.item, "summary": []})]

    def tell(self, delta: Mapping[str, Any]) -> list[Event]:
        """What a delta says of it."""
        text = self._thoughts.add(delta)
        if not text:
            return []
        events = [] if self._text else [self._event("part.added", part=_summary(""))]
        self._text += text
        return [*events, self._event("text.delta", delta=text)]

    def close(self, status: str) -> list[Event]:
        """The events of its end."""
        events: list[Event] = []
        if self._text:
            part = _summary(self._text)
            self.item["summary"] = [part]
            events = [
                self._event("text.done", text=self._text),
                self._event("part.done", part=part),
            ]
        if self._maker is not None and (sealed := self._thoughts.sealed(self._maker)):
            self.item["encrypted_content"] = sealed
        return [*events, self._place.done(self.item)]

    def _event(self, kind: str, **members: Any) -> Event:
        return self._place.event(f"reasoning_summary_{kind}", summary_index=0, **members)


class Message:
    """What was said: texts and refusals, in parts."""

    def __init__(self, base: str, index: int) -> None:
        self._place = Place("msg", base, index)
        self._parts: list[Item] = []
        self.item: Item = {
            "id": self._place.id,
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": self._parts,
        }

    def open(self) -> list[Event]:
        """The event of its beginning."""
        return [self._place.added({**self.item, "content": []})]

    def say(self, text: str, logprobs: Sequence[Item] = ()) -> list[Event]:
        """More of its text."""
        events = self._part("output_text", {"text": "", "annotations": [], "logprobs": []})
        part = self._parts[-1]
        part["text"] += text
        part["logprobs"] += logprobs
        short = [without_bytes(each) for each in logprobs]
        return [*events, self._event("output_text.delta", delta=text, logprobs=short)]

    def refuse(self, text: str) -> list[Event]:
        """More of why it says nothing."""
        events = self._part("refusal", {"refusal": ""})
        self._parts[-1]["refusal"] += text
        return [*events, self._event("refusal.delta", delta=text)]

    def annotate(self, annotation: Item) -> list[Event]:
        """A source of its text."""
        events = self._part("output_text", {"text": "", "annotations": [], "logprobs": []})
        known: list[Item] = self._parts[-1]["annotations"]
        known.append(annotation)
        told = {"annotation_index": len(known) - 1, "annotation": annotation}
        return [*events, self._event("output_text.annotation.added", **told)]

    def close(self, status: str) -> list[Event]:
        """The events of its end."""
        self.item["status"] = status
        return [*self._end_of_part(), self._place.done(self.item)]

    def _part(self, kind: str, empty: Item) -> list[Event]:
        if self._parts and self._parts[-1]["type"] == kind:
            return []
        events = self._end_of_part()
        self._parts.append({"type": kind, **empty})
        added = {"type": kind, **{n: v if isinstance(v, str) else [] for n, v in empty.items()}}
        return [*events, self._event("content_part.added", part=added)]

    def _end_of_part(self) -> list[Event]:
        if not self._parts:
            return []
        part = self._parts[-1]
        if part["type"] == "refusal":
            said = self._event("refusal.done", refusal=part["refusal"])
        else:
            short = [without_bytes(each) for each in part["logprobs"]]
            said = self._event("output_text.done", text=part["text"], logprobs=short)
        return [said, self._event("content_part.done", part=part)]

    def _event(self, kind: str, **members: Any) -> Event:
        return self._place.event(kind, content_index=len(self._parts) - 1, **members)


def _summary(text: str) -> Item:
    return {"type": "summary_text", "text": text}
