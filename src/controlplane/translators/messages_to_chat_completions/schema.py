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
    if kind == "object" or (isinstance(kind, list) and "object" in kind):
        properties = schema.get("properties")
        names = properties.keys() if isinstance(properties, Mapping) else set()
        required = schema.get("required") or ()
        if schema.get("additionalProperties") is not False or set(required) != set(names):
            return False
    inner = [each for name in _SCHEMAS for each in (schema.get(name) or {}).values()]
    inner += schema.get("anyOf") or ()
    if "items" in schema:
        inner.append(schema["items"])
    return all(is_closed(each, root=False) for each in inner)
