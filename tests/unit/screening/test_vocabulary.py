"""OpenAI's tokens as the text that they stand for."""

from __future__ import annotations

import pytest

from controlplane.screening.vocabulary import is_read, text_of


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ([], ""),
        ([63157], "fine"),
        (
            [6600, 2448, 24352, 9608, 65994, 2312, 11410, 234, 235, 2073, 61696, 109, 47653],
            "Grüße aus Köln 🌍 und 東京",
        ),
        (
            [791, 3786, 374, 220, 17337, 16, 220, 5037, 16, 220, 5037, 16, 220, 5037, 16, 13],
            "The card is 4111 1111 1111 1111.",
        ),
        ([63157, 100257], "fine<|endoftext|>"),
        # A text that was cut within a character.
        ([11410, 234], " \ufffd"),
        ([100256], None),
        ([63157, 10**9], None),
    ],
)
def test_the_text_of_tokens(tokens: list[int], text: str | None) -> None:
    assert text_of(tokens) == text


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("text-embedding-3-small", True),
        ("text-embedding-3-large", True),
        ("my-text-embedding-ada-002", True),
        ("text-embedding-4", False),
        ("bge-m3", False),
        ("embeddings", False),
    ],
)
def test_whose_tokens_are_known(model: str, known: bool) -> None:
    assert is_read(model) is known
