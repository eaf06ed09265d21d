"""What an embeddings request may hold, and which parameter a refusal names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from controlplane.domain.embeddings import EmbeddingRequest, parse_embedding_request
from controlplane.errors import InvalidRequest


def parse(**changes: Any) -> EmbeddingRequest:
    return parse_embedding_request(orjson.dumps({"model": "m", "input": "text", **changes}))


@pytest.mark.parametrize(
    ("value", "count", "characters", "is_text"),
    [
        ("a text", 1, 6, True),
        ("", 1, 0, True),
        (["one", "two"], 2, 6, True),
        (["x"] * 2048, 2048, 2048, True),
        ([1212, 318, 0], 1, 12, False),
        ([[1212, 318], [257]], 2, 12, False),
    ],
)
def test_inputs(value: Any, count: int, characters: int, is_text: bool) -> None:
    request = parse(input=value, dimensions=None)
    assert (request.input_count, request.input_characters) == (count, characters)
    assert request.readable["input"] == (value if is_text else None)
    assert list(request.readable) == list(request.body)
    assert request.body["input"] == value


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": "a\x00"}, "model"),
        ({"model": 7}, "model"),
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": {}}, "input"),
        ({"input": []}, "input"),
        ({"input": [[]]}, "input"),
        ({"input": ["a", 1]}, "input"),
        ({"input": [1, "a"]}, "input"),
        ({"input": [1, [1]]}, "input"),
        ({"input": [[1], "a"]}, "input"),
        ({"input": [["a"]]}, "input"),
        ({"input": [True]}, "input"),
        ({"input": [-1]}, "input"),
        ({"input": [1.5]}, "input"),
        ({"input": [None]}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": True}, "dimensions"),
        ({"dimensions": "8"}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
        ({"encoding_format": []}, "encoding_format"),
        ({"stream": True}, "stream"),
        ({"user": 7}, "user"),
    ],
)
def test_a_refusal_names_the_parameter(changes: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(**changes)
    assert caught.value.param == param
    assert caught.value.message.endswith(".")


def test_what_nobody_here_knows_is_kept() -> None:
    assert parse(truncate="END").body["truncate"] == "END"


def test_every_example_of_openais_schema_passes(corpora: Path) -> None:
    document = json.loads((corpora / "openai_openapi" / "chat.openapi.json").read_text())
    schema = document["components"]["schemas"]["CreateEmbeddingRequest"]
    kinds = schema["properties"]["input"]["oneOf"]
    assert len(kinds) == 4
    examples = ["This is a test.", ["This is a test."], [1212, 318], [[1212, 318]]]
    for example in examples:
        for encoding in schema["properties"]["encoding_format"]["enum"]:
            assert parse(input=example, encoding_format=encoding, dimensions=1, user="u")
