"""How often: a few times in `make test`, and many times in `make soak`."""

from __future__ import annotations

import pytest


def few_or_many(few: int, many: int) -> list[object]:
    """Values of a test's parameter that says how often it repeats itself."""
    return [few, pytest.param(many, marks=pytest.mark.soak)]


def some_or_all(numbers: range, some: int) -> list[object]:
    """Values of a test's parameter, each a variant by itself: the first ones, and the others."""
    others = (pytest.param(number, marks=pytest.mark.soak) for number in numbers[some:])
    return [*numbers[:some], *others]
