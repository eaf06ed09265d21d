"""The items of a Response in which a tool is called, as they come about."""

from __future__ import annotations

from typing import Any

from controlplane.domain.inference import Event
from controlplane.translators.responses_to_chat_completions.client_tools import BY_CALL
from controlplane.translators.responses_to_chat_completions.custom_input import InputReader
from controlplane.translators.responses_to_chat_completions.items import Place
from controlplane.translators.responses_to_chat_completions.names import Tool

Item = dict[str, Any]


class FunctionCall:
    """A call of a function."""

    def __init__(self, base: str, index: int, call_id: str, tool: Tool) -> None:
        self._place = Place("fc", base, index)
        self.item: Item = {
            "id": self._place.id,
            "type": "function_call",
            "status": "in_progress",
            "call_id": call_id,
            **tool.members,
            "arguments": "",
        }

    def open(self) -> list[Event]:
        """The event of its beginning."""
        return [self._place.added(self.item)]

    def argue(self, text: str) -> list[Event]:
        """More of its arguments."""
        self.item["arguments"] += text
        return [self._place.event("function_call_arguments.delta", delta=text)]

    def close(self, status: str) -> list[Event]:
        """The events of its end."""
        self.item["status"] = status
        said = self.item["arguments"]
        done = self._place.event("function_call_arguments.done", arguments=said)
        return [done, self._place.done(self.item)]


class CustomCall:
    """A call of a custom tool: the text in the only argument."""

    def __init__(self, base: str, index: int, call_id: str, tool: Tool) -> None:
        self._place = Place("ctc", base, index)
        self._reader = InputReader()
        self.item: Item = {
            "id": self._place.id,
            "type": "custom_tool_call",
            "call_id": call_id,
            **tool.members,
            "input": "",
        }

    def open(self) -> list[Event]:
        """The event of its beginning."""
        return [self._place.added(self.item)]

    def argue(self, text: str) -> list[Event]:
        """More of its arguments."""
        return self._say(self._reader.feed(text))

    def close(self, status: str) -> list[Event]:
        """The events of its end."""
        events = self._say(self._reader.end())
        done = self._place.event("custom_tool_call_input.done", input=self.item["input"])
        return [*events, done, self._place.done(self.item)]

    def _say(self, text: str) -> list[Event]:
        self.item["input"] += text
        return [self._place.event("custom_tool_call_input.delta", delta=text)] if text else []


class ClientCall:
    """A call of a tool with a form of its own, which is known once all of it has come."""

    def __init__(self, base: str, index: int, call_id: str, tool: Tool) -> None:
        self._base, self._index, self._call_id, self._tool = base, index, call_id, tool
        self._arguments = ""
        self.item: Item = {}

    def argue(self, text: str) -> list[Event]:
        """More of its arguments."""
        self._arguments += text
        return []

    def close(self, status: str) -> list[Event]:
        """All of its events; arguments of another form make it a call of a function."""
        row = BY_CALL[self._tool.call]
        place = Place(row.prefix, self._base, self._index)
        item = row.item(place.id, self._call_id, self._arguments)
        if item is None:
            call = FunctionCall(self._base, self._index, self._call_id, self._tool)
            events = [*call.open(), *call.argue(self._arguments), *call.close(status)]
            self.item = call.item
            return events
        self.item = item
        return [place.added(item), place.done(item)]


Call = FunctionCall | CustomCall | ClientCall


def new_call(base: str, index: int, call_id: str, tool: Tool) -> Call:
    """The call of a tool, nothing argued yet."""
    if tool.call == "custom_tool_call":
        return CustomCall(base, index, call_id, tool)
    kind = ClientCall if tool.call in BY_CALL else FunctionCall
    return kind(base, index, call_id, tool)
