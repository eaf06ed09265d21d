"""What an embeddings request may hold, and which parameter a refusal names."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import orjson
import pytest
from openai.types import EmbeddingCreateParams
from tests.wire_types.openai_types import EMBEDDING_REQUEST

from controlplane.errors import InvalidRequest
from controlplane.protocols.embeddings.request import EmbeddingRequest, parse_embedding_request


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
    assert (request.input_count, request.asked_characters(0)) == (count, characters)
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


@pytest.mark.parametrize(
    "example", ["This is a test.", ["This is a test."], [1212, 318], [[1212, 318]]]
)
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_each_form_that_openai_takes_passes(example: Any, encoding: str) -> None:
    request = {"input": example, "encoding_format": encoding, "dimensions": 1, "user": "u"}
    assert EMBEDDING_REQUEST.faults({"model": "m", **request}) == []
    assert parse(**request).body == {"model": "m", **request}


def test_there_is_no_other_form() -> None:
    hints = get_type_hints(EmbeddingCreateParams, include_extras=False)
    assert len(get_args(hints["input"])) == 4
    assert set(hints) == {"model", "input", "encoding_format", "dimensions", "user"}
