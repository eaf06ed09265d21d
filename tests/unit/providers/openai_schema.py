"""OpenAI's own description of its API, as JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema


class OpenAISchema:
    """The schemas of `openai_openapi/chat.openapi.json`."""

    def __init__(self, corpora: Path) -> None:
        text = (corpora / "openai_openapi" / "chat.openapi.json").read_text()
        self._components = _with_null(json.loads(text)["components"])

    def validate(self, name: str, value: Any) -> None:
        """Raise jsonschema.ValidationError where `value` is no such thing."""
        schema = {"$ref": f"#/components/schemas/{name}", "components": self._components}
        jsonschema.Draft202012Validator(schema).validate(value)

    def properties(self, name: str) -> dict[str, Any]:
        """Every property of a schema, whatever it is put together from."""
        return self._properties(self._components["schemas"][name])

    def _properties(self, schema: Any) -> dict[str, Any]:
        if "$ref" in schema:
            return self.properties(schema["$ref"].rsplit("/", 1)[1])
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            found |= self._properties(part)
        return found


def _with_null(schema: Any) -> Any:
    """`nullable`, a word of OpenAPI 3.0, in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_with_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    walked = {name: _with_null(value) for name, value in schema.items()}
    if walked.pop("nullable", False) is True:
        return {"anyOf": [walked, {"type": "null"}]}
    return walked
