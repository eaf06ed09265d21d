"""Embeddings: the same text always gets the same vector, of length 1.

https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.local.simulator.generation import tokens
from controlplane.local.simulator.openai.errors import invalid

DIMENSIONS = 1536
_NAMES = frozenset({"input", "model", "encoding_format", "dimensions", "user"})


def refuse_embedding(body: Mapping[str, Any]) -> None:
    """Raise the Refusal that OpenAI answers to the first parameter it does not take."""
    for name in body:
        if name not in _NAMES:
            raise invalid(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    if not _inputs(body.get("input")):
        raise invalid("'$.input' is invalid. Please check the API reference.", param="input")
    if body.get("encoding_format", "float") not in ("float", "base64"):
        raise invalid("Invalid value for 'encoding_format'.", param="encoding_format")
    dimensions = body.get("dimensions", DIMENSIONS)
    if type(dimensions) is not int or not 1 <= dimensions <= DIMENSIONS:
        raise invalid("Invalid value for 'dimensions'.", param="dimensions")


def embedding_list(body: Mapping[str, Any], *, usage: bool) -> dict[str, Any]:
    """The answer to a checked request."""
    inputs = _inputs(body["input"])
    vectors = [_vector(item, body.get("dimensions", DIMENSIONS)) for item in inputs]
    as_text = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(v) if as_text else v}
        for index, v in enumerate(vectors)
    ]
    used = sum(tokens(item) if isinstance(item, str) else len(item) for item in inputs)
    counts = {"usage": {"prompt_tokens": used, "total_tokens": used}} if usage else {}
    return {"object": "list", "data": data, "model": body["model"], **counts}


def _inputs(value: Any) -> Sequence[str | Sequence[int]]:
    """One input or many, each a text or its tokens; empty where it is neither."""
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, list):
        return []
    if all(isinstance(item, int) for item in value):
        return [value] if value else []
    return value if all(isinstance(item, str | list) and item for item in value) else []


def _vector(item: str | Sequence[int], dimensions: int) -> list[float]:
    digest = hashlib.shake_256(repr(item).encode("utf-8", "surrogatepass")).digest(dimensions)
    raw = [byte - 127.5 for byte in digest]
    length = math.sqrt(sum(value * value for value in raw))
    return [round(value / length, 8) for value in raw]


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
