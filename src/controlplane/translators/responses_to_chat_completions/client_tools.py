"""Tools of Responses that the caller runs itself and whose calls have forms of their own: a shell,
patches, a search among tools. There each is a function with the schema of those calls.

https://platform.openai.com/docs/guides/tools-shell
https://platform.openai.com/docs/guides/tools-apply-patch
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Item = dict[str, Any]

INPUT = "input"
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_MILLISECONDS = {"type": "integer", "description": "Milliseconds after which it is ended."}


def _schema(required: tuple[str, ...], **properties: Any) -> Item:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


@dataclass(frozen=True, slots=True)
class ClientTool:
    """One of them: `call` and `output` are the types of its items, `member` holds its arguments."""

    call: str
    output: str
    name: str
    prefix: str
    """How the ids of its calls begin."""
    member: str
    description: str
    parameters: Item
    fixed: Mapping[str, Any]
    """What each item of a call says beside the arguments."""
    inside: Mapping[str, Any]
    """What the arguments say in every call, unless they say it otherwise."""
    own_schema: bool = False
    """True where the caller may describe the arguments."""

    def arguments(self, item: Mapping[str, Any]) -> str:
        """The arguments of the function for a call here."""
        said = item.get(self.member)
        if isinstance(said, Mapping):
            kept = {n: v for n, v in said.items() if v not in (None, self.inside.get(n))}
            return orjson.dumps(kept).decode()
        return said if isinstance(said, str) else "{}"

    def item(self, id_: str, call_id: str, arguments: str) -> Item | None:
        """The call here for a call of the function; None where its arguments are not such."""
        try:
            said = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(said, dict) or not (self.own_schema or _fits(said, self.parameters)):
            return None
        return {
            "id": id_,
            "type": self.call,
            "call_id": call_id,
            "status": "completed",
            self.member: {**self.inside, **said},
            **self.fixed,
        }


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value),
    "object": lambda value: isinstance(value, dict),
}


def _fits(said: Mapping[str, Any], schema: Item) -> bool:
    properties = schema["properties"]
    if not all(name in said for name in schema["required"]):
        return False
    return all(
        name in properties and _TYPES[properties[name]["type"]](value)
        for name, value in said.items()
    )


_PATH = {"type": "string", "description": "The file's path."}
_KINDS = ["create_file", "update_file", "delete_file"]
_ROWS = (
    ClientTool(
        "local_shell_call",
        "local_shell_call_output",
        "local_shell",
        "lsh",
        "action",
        "Runs a command on the user's machine.",
        _schema(
            ("command",),
            command={**_TEXTS, "description": "The program and its arguments."},
            env={"type": "object", "additionalProperties": _TEXT},
            working_directory=_TEXT,
            timeout_ms=_MILLISECONDS,
            user=_TEXT,
        ),
        {},
        {"type": "exec", "env": {}},
    ),
    ClientTool(
        "shell_call",
        "shell_call_output",
        "shell",
        "sh",
        "action",
        "Runs commands in a shell on the user's machine.",
        _schema(
            ("commands",),
            commands={**_TEXTS, "description": "Each a line for the shell."},
            timeout_ms=_MILLISECONDS,
            max_output_length={"type": "integer", "description": "Characters to return, at most."},
        ),
        {"environment": {"type": "local"}},
        {},
    ),
    ClientTool(
        "apply_patch_call",
        "apply_patch_call_output",
        "apply_patch",
        "apc",
        "operation",
        "Creates, updates or deletes a file by a diff in V4A form: lines begin with a space, "
        "- or +, sections with @@. No diff is needed to delete.",
        _schema(
            ("type", "path"),
            type={"type": "string", "enum": _KINDS},
            path=_PATH,
            diff=_TEXT,
        ),
        {},
        {},
    ),
    ClientTool(
        "tool_search_call",
        "tool_search_output",
        "tool_search",
        "tsc",
        "arguments",
        "Finds tools that can be called from then on.",
        _schema(("query",), query=_TEXT),
        {"execution": "client"},
        {},
        own_schema=True,
    ),
)
BY_CALL: Mapping[str, ClientTool] = {row.call: row for row in _ROWS}
BY_NAME: Mapping[str, ClientTool] = {row.name: row for row in _ROWS}
OUTPUTS: Mapping[str, ClientTool] = {row.output: row for row in _ROWS}


def custom_parameters(format_: Mapping[str, Any] | None) -> Item:
    """The schema of the function that a custom tool is: its text is the only argument."""
    told = {"type": "string"}
    if format_ and format_.get("type") == "grammar":
        syntax, definition = format_["syntax"], format_["definition"]
        told["description"] = f"Text that this {syntax} grammar describes:\n{definition}"
    return _schema((INPUT,), **{INPUT: told})


def custom_arguments(text: str) -> str:
    """The arguments of that function."""
    return orjson.dumps({INPUT: text}).decode()
