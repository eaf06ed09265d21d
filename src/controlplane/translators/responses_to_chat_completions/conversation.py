"""The items of an input -> messages.

An assistant's turn is many items here (what it thought, said and called) and one message there,
with the results of its calls right behind it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.protocols.parameters import Fate
from controlplane.translators.reading import Reading
from controlplane.translators.responses_to_chat_completions.calls import (
    CALLS,
    RESULTS,
    called,
    result,
    result_id,
)
from controlplane.translators.responses_to_chat_completions.parts import (
    Part,
    compact,
    is_text,
    translate_parts,
)
from controlplane.translators.responses_to_chat_completions.thoughts import joined, opened
from controlplane.translators.responses_to_chat_completions.tools import Offer

Item = dict[str, Any]

# Developers instruct as the system does, and many servers know no other role for that.
_INSTRUCTING = ("system", "developer")
_MESSAGE = frozenset({"type", "id", "role", "content", "status"})
_REASONING = frozenset({"type", "id", "summary", "content", "encrypted_content", "status"})
# What was found by the provider's own tools stands in the text that the assistant made of it.
_TOLD_IN_TEXT = ("web_search_call", "mcp_list_tools")
_SEARCHES = ("tool_search_call", "tool_search_output")
_STORED = "nothing is stored for this target: send the item itself"


def translate_input(body: Mapping[str, Any], offer: Offer, reading: Reading) -> list[Item]:
    """The messages. Raises UnsupportedParameter, naming the item.

    Tools that stand in the input are offered like all others.
    """
    messages: list[Item] = []
    if body.get("instructions"):
        text = reading.a_text(body["instructions"], "instructions")
        messages.append({"role": "system", "content": text})
    asked = body.get("input")
    if isinstance(asked, str):
        return [*messages, {"role": "user", "content": asked}]
    items = [
        reading.an_object(item, f"input.{index}")
        for index, item in enumerate(reading.a_list(asked, "input"))
    ]
    _offer_all(items, offer, reading)
    conversation = _Conversation(items, offer, reading, messages)
    for index, item in enumerate(items):
        conversation.add(item, f"input.{index}")
    return conversation.end()


def _offer_all(items: Sequence[Mapping[str, Any]], offer: Offer, reading: Reading) -> None:
    for index, item in enumerate(items):
        if item.get("type") in ("additional_tools", "tool_search_output"):
            place = f"input.{index}.tools"
            offer.add(reading.a_list(item.get("tools"), place), place)


def _kind(item: Mapping[str, Any]) -> str:
    """The type of an item; a search that the provider made among tools has none that is called."""
    kind = item.get("type") or ("message" if "role" in item else "item_reference")
    if kind in _SEARCHES and item.get("call_id") is None:
        return _TOLD_IN_TEXT[0]
    return str(kind)


class _Conversation:
    def __init__(
        self,
        items: Sequence[Mapping[str, Any]],
        offer: Offer,
        reading: Reading,
        messages: list[Item],
    ) -> None:
        self._offer = offer
        self._reading = reading
        self._messages = messages
        self._thoughts: Item = {}
        self._thought_at = ""
        self._said: list[Part] = []
        self._calls: list[Item] = []
        # Of each call id, the places of the results that have not been told.
        self._waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        self._items = items
        for index, item in enumerate(items):
            if _kind(item) in RESULTS:
                self._waiting[result_id(item, f"input.{index}", reading)].append(index)

    def add(self, item: Mapping[str, Any], place: str) -> None:
        """The next item."""
        kind = _kind(item)
        if kind == "message":
            self._message(item, place)
        elif kind == "reasoning":
            self._reasoning(item, place)
        elif kind in CALLS:
            self._calls.append(called(item, place, self._offer.names, self._reading))
        elif kind in RESULTS:
            self._answered(item, place)
        elif kind in _TOLD_IN_TEXT:
            self._reading.leave_out(place, kind)
        elif kind == "item_reference":
            self._reading.refuse(place, _STORED)
        elif kind != "additional_tools":
            self._reading.lack(place, Fate.MEANING, "an item of this type cannot be sent there")

    def end(self) -> list[Item]:
        """All messages."""
        self._end_turn()
        return self._messages

    def _message(self, item: Mapping[str, Any], place: str) -> None:
        reading, role = self._reading, item.get("role")
        reading.echoed(item, _MESSAGE, place)
        parts = translate_parts(item.get("content"), f"{place}.content", reading)
        if role == "assistant":
            for index, part in enumerate(parts):
                if part["type"] not in ("text", "refusal"):
                    reading.refuse(f"{place}.content.{index}", "the assistant can only say text")
            self._said += parts
            return
        self._end_turn()
        if role in _INSTRUCTING:
            role = "system"
            for index, part in enumerate(parts):
                if not is_text(part):
                    reading.refuse(f"{place}.content.{index}", "instructions can only be text")
        elif role != "user":
            reading.refuse(f"{place}.role", "it must be user, assistant, system or developer")
        self._messages.append({"role": role, "content": compact(parts)})

    def _reasoning(self, item: Mapping[str, Any], place: str) -> None:
        self._reading.echoed(item, _REASONING, place)
        thoughts = opened(item, self._reading.maker)
        if thoughts is None:
            self._reading.leave_out(place, "reasoning")
        else:
            self._thoughts = joined(self._thoughts, thoughts)
            self._thought_at = place

    def _answered(self, item: Mapping[str, Any], place: str) -> None:
        """A result ends the turn, which tells the results of all its calls."""
        self._end_turn()
        id_ = result_id(item, place, self._reading)
        index = int(place.rpartition(".")[2])
        if index in self._waiting[id_]:
            self._reading.refuse(place, "no call before it has this id")

    def _end_turn(self) -> None:
        if self._said or self._calls:
            self._messages.append(self._assistant())
        elif self._thoughts:
            # Thoughts alone are no message.
            self._reading.leave_out(self._thought_at, "reasoning")
        seen: list[Part] = []
        for call in self._calls:
            waiting = self._waiting[call["id"]]
            if not waiting:
                continue
            index = waiting.popleft()
            text, rest = self._result(index)
            self._messages.append({"role": "tool", "tool_call_id": call["id"], "content": text})
            if rest:
                told = f"What the call {call['id']} returned:"
                seen += [{"type": "text", "text": told}, *rest]
        if seen:
            # Most servers take a picture nowhere but in a message of the user.
            self._messages.append({"role": "user", "content": seen})
        self._thoughts, self._said, self._calls = {}, [], []

    def _result(self, index: int) -> tuple[str | list[Part], list[Part]]:
        place = f"input.{index}"
        return result(self._items[index], place, self._offer.names, self._reading)

    def _assistant(self) -> Item:
        texts = [part for part in self._said if is_text(part)]
        refusals = [part["refusal"] for part in self._said if not is_text(part)]
        message: Item = {"role": "assistant", "content": compact(texts) if texts else None}
        if refusals:
            message["refusal"] = "".join(refusals)
        message |= self._thoughts
        if self._calls:
            message["tool_calls"] = self._calls
        return message
