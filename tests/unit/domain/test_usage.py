"""Usage as providers report it."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.usage import TokenUsage


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"cached_tokens": 60}, TokenUsage(input=100, output=5, cached=60)),
        ({"cached_tokens": 900}, TokenUsage(input=900, output=5, cached=900)),
        (
            {"cached_tokens": 80, "cache_write_tokens": 70},
            TokenUsage(input=150, output=5, cached=80, cache_write=70),
        ),
    ],
)
def test_a_prompt_is_never_less_than_its_parts(
    details: dict[str, Any], expected: TokenUsage
) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "prompt_tokens_details": details}
    assert TokenUsage.from_openai(usage) == expected
