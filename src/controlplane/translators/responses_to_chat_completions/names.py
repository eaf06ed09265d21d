"""What the caller's tools are called there, where each is a function, and back.

Chat completions have one flat list of functions, whose names have 64 characters at most.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

MAX_NAME = 64
# Codex puts its own tools there, and looks for a call of one without a namespace.
DEFAULT_NAMESPACE = "functions"
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of the caller: `call` is the type of the item in which it is called."""

    call: str
    name: str
    namespace: str | None = None

    @property
    def members(self) -> dict[str, str]:
        """What says in a call which tool is called."""
        where = {} if self.namespace is None else {"namespace": self.namespace}
        return {"name": self.name, **where}


def named(call: str, name: str, namespace: str | None) -> Tool:
    """The tool of that name; what stands in the default namespace stands in none."""
    return Tool(call, name, None if namespace == DEFAULT_NAMESPACE else namespace)


class Names:
    """The tools of one request. The same tools have the same names in every turn."""

    def __init__(self) -> None:
        self._there: dict[Tool, str] = {}
        self._here: dict[str, Tool] = {}

    def offer(self, tool: Tool) -> str | None:
        """The name of a tool that is offered; None where it was offered before."""
        return None if tool in self._there else self._add(tool)

    def there(self, tool: Tool) -> str:
        """What a tool is called there, offered or not.

        Some clients forget the namespace: then it is that of the only tool with the name.
        """
        if tool in self._there:
            return self._there[tool]
        if tool.namespace is None:
            likely = [name for each, name in self._there.items() if each.name == tool.name]
            if len(likely) == 1:
                return likely[0]
        return self._add(tool)

    def here(self, name: str) -> Tool:
        """The tool that a function is; one that was never offered is a function here too."""
        return self._here.get(name) or Tool("function_call", name)

    def _add(self, tool: Tool) -> str:
        name = _flat(tool)
        if name in self._here:
            name = _shortened(name, f"{tool.call} {tool.namespace} {tool.name}")
        self._there[tool] = name
        self._here[name] = tool
        return name


def _flat(tool: Tool) -> str:
    namespace = tool.namespace or ""
    between = "__" if namespace and not namespace.endswith("_") else ""
    whole = f"{namespace}{between}{tool.name}"
    name = _NOT_IN_A_NAME.sub("_", whole)
    return name if name == whole and len(name) <= MAX_NAME else _shortened(name, whole)


def _shortened(name: str, whole: str) -> str:
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{name[: MAX_NAME - _DIGEST - 1]}_{digest}"
