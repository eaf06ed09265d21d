"""The longest answers that models which think first can give, by their names.

Their thoughts count as output, so a small default bound would cut their answers off.
https://platform.openai.com/docs/models
https://platform.claude.com/docs/en/about-claude/models/overview
"""

from __future__ import annotations

import re

_CEILINGS = (
    (re.compile(r"(?:^|[-/.])gpt-[5-9]"), 128_000),
    (re.compile(r"(?:^|[-/.])o[1-9](?:$|-)"), 100_000),
    (re.compile(r"claude-(?:opus|sonnet|haiku)-(?:4[-.][5-9]|[5-9])"), 64_000),
    (re.compile(r"claude-(?:opus|sonnet)-4"), 32_000),
)


def ceiling(model: str) -> int | None:
    """In tokens; None for a model that is not known."""
    return next((tokens for name, tokens in _CEILINGS if name.search(model)), None)
