"""`max_output_tokens`: the longest answer that may be asked for. The smallest of all levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controlplane.policy.rule import Rule, Stated, require_integer

MAX_TOKENS = 1_000_000


def parse(value: Any, field: str) -> int:
    """A positive number of tokens."""
    return require_integer(value, field, 1, MAX_TOKENS)


def merge(stated: Sequence[Stated[int]]) -> int | None:
    """The smallest; None where no level says anything."""
    return min((entry.value for entry in stated), default=None)


RULE = Rule("max_output_tokens", parse, merge)
