"""The text of a custom tool's call, out of arguments that are cut anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.answers import pieces

from controlplane.translators.responses_to_chat_completions.custom_input import InputReader

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def read(*parts: str) -> str:
    reader = InputReader()
    return "".join(map(reader.feed, parts)) + reader.end()


@given(st.data(), TEXT, st.booleans(), st.sampled_from(["", " ", "\n  "]))
def test_the_text_is_what_was_meant(data: Any, text: str, escaped: bool, space: str) -> None:
    quoted = json.dumps(text, ensure_ascii=escaped)
    arguments = f'{space}{{{space}"input"{space}:{space}{quoted}{space}}}'
    assert read(*pieces(data.draw, arguments)) == text


@given(st.data(), TEXT)
def test_what_is_no_such_object_is_the_text_itself(data: Any, text: str) -> None:
    other = f"*{text}"
    assert read(*pieces(data.draw, other)) == other


@pytest.mark.parametrize(
    "arguments",
    ["", "{", '{"inp', "{}", '{"patch": "x"}', '{"input": 7}', '{"input"', "[1]", '{"input":'],
)
def test_an_object_without_the_text_is_the_text_itself(arguments: str) -> None:
    assert read(arguments) == arguments
    assert read(*arguments) == arguments


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input": "abc', "abc"),
        ('{"input": "abc\\', "abc"),
        ('{"input": "abc\\u00', "abc"),
        ('{"input": "abc\\ud83d', "abc"),
        ('{"input": "abc\\ud83d\\u0041"}', "abc\ufffdA"),
        ('{"input": "abc\\ud83dx"}', "abc\ufffdx"),
        ('{"input": "abc\\udc00"}', "abc\ufffd"),
        ('{"input": "a\\/b\\qc\\uzzzz"}', "a/b\\qc\\uzzzz"),
        ('{"input": "a", "more": "b"}', "a"),
        ('{"input": "line\nbreak"}', "line\nbreak"),
    ],
)
def test_what_is_cut_off_or_wrong_is_read_as_far_as_it_goes(arguments: str, text: str) -> None:
    assert read(arguments) == text
    assert read(*arguments) == text


def test_the_text_comes_as_soon_as_it_can() -> None:
    reader = InputReader()
    assert [reader.feed(part) for part in ('{"in', 'put":"a', "b\\", 'n"', "}")] == [
        "",
        "a",
        "b",
        "\n",
        "",
    ]
