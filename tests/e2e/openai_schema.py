"""OpenAI's own description of its API, as JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

COMPLETION = "CreateChatCompletionResponse"
CHUNK = "CreateChatCompletionStreamResponse"
ERROR = "ErrorResponse"


class Schema:
    """Says what is wrong with a value, by the name of a schema of the description."""

    def __init__(self, corpora: Path) -> None:
        document = json.loads((corpora / "openai_openapi" / "chat.openapi.json").read_text())
        self._components = _with_null(document["components"])

    def check(self, value: Any, name: str) -> None:
        """Raise ValidationError where `value` is not as the schema says."""
        schema = {"$ref": f"#/components/schemas/{name}", "components": self._components}
        jsonschema.Draft202012Validator(schema).validate(value)


def _with_null(node: Any) -> Any:
    """The same with `nullable`, a word of OpenAPI 3.0, in JSON Schema's words."""
    if isinstance(node, list):
        return [_with_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _with_null(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is not True:
        return plain
    return {"anyOf": [plain, {"type": "null"}]}
