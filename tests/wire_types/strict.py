"""The type of a package as a strict check.

By themselves these types are lenient: a client has to read what a newer server sends. Here
- an unknown field is refused, at every depth,
- no value is converted: "3" is no number and 1 is no boolean,
- an `Iterable` is checked to its end; pydantic reads it lazily and would check nothing in it.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, SchemaValidator

SHOWN = 5
# The fields that tell the members of a union apart.
TAGS = ("type", "role", "object", "stream")


class Strict:
    """The check of one type: a pydantic model, a TypedDict or a union of them."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def faults(self, value: object) -> list[str]:
        """Why `value`, in JSON, is not of the type, each with its place; none where it is."""
        try:
            self._validator.validate_json(json.dumps(value), strict=True, extra="forbid")
        except ValidationError as error:
            return _explained(error.errors(include_url=False))
        return []

    @cached_property
    def _validator(self) -> SchemaValidator:
        adapter: TypeAdapter[Any] = TypeAdapter(self._kind)
        # The packages defer the building of their models to the first use.
        adapter.rebuild(force=True)
        return SchemaValidator(_eager(adapter.core_schema))


def _eager(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_eager(item) for item in node)
    if not isinstance(node, dict):
        return node
    walked = {name: _eager(value) for name, value in node.items()}
    return walked | {"type": "list"} if walked.get("type") == "generator" else walked


def _explained(found: list[ErrorDetails]) -> list[str]:
    """The errors, of a union only those of the member that was meant: the others' tags differ."""
    others = [
        item["loc"][:-1]
        for item in found
        if item["loc"][-1] in TAGS and item["type"] in ("literal_error", "missing")
    ]
    meant = [item for item in found if all(item["loc"][: len(at)] != at for at in others)]
    lines = [f"{_place(item['loc'])}: {item['msg']}" for item in meant or found]
    return lines[:SHOWN] + [f"and {len(lines) - SHOWN} more"] * (len(lines) > SHOWN)


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc if not str(part).startswith("list["))
