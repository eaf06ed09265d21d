"""Whether OpenAI can enforce a JSON schema.

https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SCHEMAS = ("properties", "$defs", "definitions")
_ENFORCED = frozenset(
    {
        *("type", "enum", "const", "$ref", "required", "additionalProperties", "items", "anyOf"),
        *("title", "description", "pattern", "format", "multipleOf", "maximum", "minimum"),
        *("exclusiveMaximum", "exclusiveMinimum", "minItems", "maxItems", *_SCHEMAS),
    }
)


def is_closed(schema: Any, *, root: bool = True) -> bool:
    """True where all its objects have just the properties that they require, and nothing in it is
    beyond what is enforced: with `strict`, another one is refused."""
    if not isinstance(schema, Mapping) or not schema.keys() <= _ENFORCED:
        return False
    kind = schema.get("type")
    if root and kind != "object":
        return False
    if "object" in (kind if isinstance(kind, list) else (kind,)) and not _requires_all(schema):
        return False
    inner = [schema["items"]] if "items" in schema else []
    for found in (schema.get("anyOf", []), *(schema.get(name, {}) for name in _SCHEMAS)):
        if not isinstance(found, list | Mapping):
            return False
        inner += found.values() if isinstance(found, Mapping) else found
    return all(is_closed(each, root=False) for each in inner)


def _requires_all(schema: Mapping[str, Any]) -> bool:
    """True where an object has just the properties that it requires."""
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return False
    same = len(required) == len(properties) and all(name in required for name in properties)
    return same and schema.get("additionalProperties") is False
