"""The caller's tools as functions, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controlplane.protocols.parameters import Fate
from controlplane.translators.reading import Reading
from controlplane.translators.responses_to_chat_completions.client_tools import (
    BY_NAME,
    custom_parameters,
)
from controlplane.translators.responses_to_chat_completions.names import (
    DEFAULT_NAMESPACE,
    Names,
    Tool,
    named,
)

Item = dict[str, Any]

# Agents offer these with every request, whatever is asked: a model without them answers the same
# question. Where one is the only tool, or is chosen, it is what was asked for.
_HABITUAL = ("web_search", "image_generation")
_OWN_SERVER = "the tool runs at the provider of the caller's protocol"
_SHARED = frozenset({"type", "name", "description", "allowed_callers", "defer_loading", "async"})
_FUNCTION = _SHARED | {"parameters", "strict", "output_schema"}
_CUSTOM = _SHARED | {"format"}
_CALLS = {"function": "function_call", "custom": "custom_tool_call"}
_SEARCH = frozenset({"type", "execution", "description", "parameters"})


class Offer:
    """The functions of one request."""

    def __init__(self, reading: Reading) -> None:
        self.names = Names()
        self.functions: list[Item] = []
        self._reading = reading
        # Place and type of each that is left out.
        self._hosted: list[tuple[str, str]] = []

    def add(self, tools: Sequence[Any], place: str) -> None:
        """The tools of the caller. Raises UnsupportedParameter for one that cannot be carried."""
        for index, each in enumerate(tools):
            where = f"{place}.{index}"
            tool = self._reading.an_object(each, where)
            kind = self._reading.a_text(tool.get("type"), f"{where}.type")
            if kind in _CALLS:
                self._add(tool, where, None)
            elif kind == "namespace":
                self._namespace(tool, where)
            elif kind in BY_NAME:
                self._client_tool(tool, kind, where)
            else:
                self._hosted.append((where, self._habitual(kind, where)))

    def check(self) -> None:
        """Raises UnsupportedParameter where only tools are offered that cannot be carried."""
        for place, kind in self._hosted:
            if not self.functions:
                self._reading.refuse(place, _OWN_SERVER)
            self._reading.leave_out(f"{place}.{kind}")

    def _habitual(self, kind: str, place: str) -> str:
        """The type of such a tool, without its version."""
        known = (each for each in _HABITUAL if kind.startswith(each))
        return next(known, None) or self._reading.refuse(place, _OWN_SERVER)

    def _namespace(self, tool: Mapping[str, Any], place: str) -> None:
        reading = self._reading
        reading.only(tool, frozenset({"type", "name", "description", "tools"}), place)
        name = reading.a_text(tool.get("name"), f"{place}.name")
        first = len(self.functions)
        for index, each in enumerate(reading.a_list(tool.get("tools"), f"{place}.tools")):
            where = f"{place}.tools.{index}"
            inner = reading.an_object(each, where)
            if reading.a_text(inner.get("type"), f"{where}.type") not in _CALLS:
                reading.refuse(where, _OWN_SERVER)
            self._add(inner, where, name)
        purpose = tool.get("description")
        if purpose and name != DEFAULT_NAMESPACE and len(self.functions) > first:
            # It is of all of them, and said once.
            function = self.functions[first]["function"]
            said = function.get("description")
            about = f"About all tools of {name}: {purpose}"
            function["description"] = f"{said}\n\n{about}" if said else about

    def _add(self, tool: Mapping[str, Any], place: str, namespace: str | None) -> None:
        reading = self._reading
        custom = tool["type"] == "custom"
        reading.only(tool, _CUSTOM if custom else _FUNCTION, place)
        self._terms(tool, place)
        name = reading.a_text(tool.get("name"), f"{place}.name")
        there = self.names.offer(named(_CALLS[tool["type"]], name, namespace))
        if there is None:
            return
        function: Item = {"name": there}
        if tool.get("description") is not None:
            function["description"] = reading.a_text(tool["description"], f"{place}.description")
        if custom:
            function["parameters"] = custom_parameters(self._grammar(tool, place))
        else:
            if tool.get("parameters") is not None:
                schema = reading.an_object(tool["parameters"], f"{place}.parameters")
                function["parameters"] = schema
            if tool.get("strict") is not None:
                function["strict"] = tool["strict"]
        self.functions.append({"type": "function", "function": function})

    def _grammar(self, tool: Mapping[str, Any], place: str) -> Mapping[str, Any] | None:
        """The grammar of a custom tool; None for free text."""
        if tool.get("format") is None:
            return None
        reading, place = self._reading, f"{place}.format"
        format_ = reading.an_object(tool["format"], place)
        if format_.get("type") == "text":
            return None
        if format_.get("type") != "grammar":
            reading.refuse(f"{place}.type", "it must be text or grammar")
        for name in ("syntax", "definition"):
            reading.a_text(format_.get(name), f"{place}.{name}")
        # It is told, and nothing holds the model to it.
        reading.leave_out(place)
        return format_

    def _client_tool(self, tool: Mapping[str, Any], kind: str, place: str) -> None:
        row, reading = BY_NAME[kind], self._reading
        known = _SEARCH if kind == "tool_search" else frozenset({"type", "allowed_callers"})
        if kind == "shell":
            self._refuse_container(tool.get("environment"), f"{place}.environment")
            known |= {"environment"}
        reading.only(tool, known, place)
        self._terms(tool, place)
        if kind == "tool_search" and tool.get("execution") != "client":
            # All that could be found is offered from the start.
            reading.leave_out(place, kind)
            return
        there = self.names.offer(Tool(row.call, kind))
        if there is None:
            return
        function = {"name": there, "description": row.description, "parameters": row.parameters}
        told = {n: tool[n] for n in ("description", "parameters") if tool.get(n) is not None}
        self.functions.append({"type": "function", "function": function | told})

    def _refuse_container(self, environment: Any, place: str) -> None:
        if environment is None:
            return
        environment = self._reading.an_object(environment, place)
        if environment.get("type") != "local":
            self._reading.refuse(place, _OWN_SERVER)
        self._reading.only(environment, frozenset({"type"}), place)

    def _terms(self, tool: Mapping[str, Any], place: str) -> None:
        """How it may be called, and when it is loaded: there directly, and from the start."""
        where = f"{place}.allowed_callers"
        callers = self._reading.a_list(tool.get("allowed_callers"), where)
        if callers and "direct" not in callers:
            self._reading.refuse(where, "tools can only be called directly")
        if len(callers) > 1:
            self._reading.leave_out(where)
        if tool.get("async") is True:
            self._reading.lack(f"{place}.async", Fate.DETAIL)
        for name in ("defer_loading", "output_schema"):
            if tool.get(name) not in (None, False):
                self._reading.leave_out(f"{place}.{name}")


def tool_of(call: str, value: Mapping[str, Any], place: str, reading: Reading) -> Tool:
    """The tool that a call or a choice names."""
    name = reading.a_text(value.get("name"), f"{place}.name")
    namespace = value.get("namespace")
    if namespace is not None:
        namespace = reading.a_text(namespace, f"{place}.namespace")
    return named(call, name, namespace)


def offered_names(tools: Any, names: Names) -> Iterator[str]:
    """What tools that were offered are called there."""
    for tool in tools or ():
        inside = tool["tools"] if tool["type"] == "namespace" else [tool]
        namespace = tool["name"] if tool["type"] == "namespace" else None
        for each in inside:
            if each["type"] in _CALLS:
                yield names.there(named(_CALLS[each["type"]], each["name"], namespace))


def translate_choice(body: Mapping[str, Any], offer: Offer, reading: Reading) -> Any:
    """`tool_choice`; None where nothing is to be said. Raises UnsupportedParameter."""
    choice = body.get("tool_choice")
    if choice is None or isinstance(choice, str):
        if choice not in (None, "auto", "none", "required"):
            reading.refuse("tool_choice", "it must be auto, none, required or a tool")
        if not offer.functions and choice == "required":
            reading.refuse("tool_choice", "there are no tools to choose from")
        return choice if offer.functions else None
    choice = reading.an_object(choice, "tool_choice")
    if choice.get("type") != "allowed_tools":
        return _chosen(choice, "tool_choice", offer, reading)
    tools = reading.a_list(choice.get("tools"), "tool_choice.tools")
    allowed = [
        _chosen(reading.an_object(each, where), where, offer, reading)
        for index, each in enumerate(tools)
        if (where := f"tool_choice.tools.{index}")
    ]
    listed = {"mode": choice.get("mode"), "tools": allowed}
    return {"type": "allowed_tools", "allowed_tools": listed}


def _chosen(choice: Mapping[str, Any], place: str, offer: Offer, reading: Reading) -> Item:
    kind = reading.a_text(choice.get("type"), f"{place}.type")
    if kind in _CALLS:
        tool = tool_of(_CALLS[kind], choice, place, reading)
    elif kind in BY_NAME:
        tool = Tool(BY_NAME[kind].call, kind)
    else:
        reading.refuse(place, _OWN_SERVER)
    return {"type": "function", "function": {"name": offer.names.there(tool)}}
