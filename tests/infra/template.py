"""A CloudFormation template, as the tests ask about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STAGES = ("sandbox", "demo", "prod")

Resource = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """The parsed JSON, `body`."""

    body: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Template:
        return cls(json.loads(path.read_text()))

    @property
    def resources(self) -> dict[str, Resource]:
        found: dict[str, Resource] = self.body["Resources"]
        return found

    def all(self, type_: str) -> dict[str, Resource]:
        """Logical id -> properties of every resource of a type; there must be one at least."""
        found = {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self.resources.items()
            if resource["Type"] == type_
        }
        assert found, f"there is no {type_}"
        return found

    def one(self, type_: str) -> Resource:
        """The properties of the only resource of a type."""
        (properties,) = self.all(type_).values()
        return properties

    def id_of(self, type_: str) -> str:
        """The logical id of the only resource of a type."""
        (logical_id,) = self.all(type_)
        return logical_id

    def has(self, type_: str) -> bool:
        return any(resource["Type"] == type_ for resource in self.resources.values())

    def path_of(self, resource: dict[str, Any]) -> str:
        """The path of an API resource, given by reference, from its chain of parents."""
        if "Fn::GetAtt" in resource:
            return ""
        properties = self.resources[resource["Ref"]]["Properties"]
        return f"{self.path_of(properties['ParentId'])}/{properties['PathPart']}"

    def statements(self) -> Iterator[tuple[str, Resource]]:
        """Every statement of every policy of every resource, with the resource's logical id."""
        for logical_id, resource in self.resources.items():
            for statement in _statements(resource.get("Properties", {})):
                yield logical_id, statement


def as_list(value: Any) -> list[Any]:
    """IAM writes a list of one as the one."""
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """A value with its references, as text to search."""
    return json.dumps(value)


def resolved(value: Any) -> str:
    """A string with its references as their names: `rediss://<Cache.Endpoint.Address>:6379`."""
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(resolved(part) for part in parts)
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
    raise AssertionError(f"not a string: {value}")


def _statements(node: Any) -> Iterator[Resource]:
    match node:
        case {"Statement": list(statements)}:
            yield from statements
        case dict():
            for value in node.values():
                yield from _statements(value)
        case list():
            for value in node:
                yield from _statements(value)
