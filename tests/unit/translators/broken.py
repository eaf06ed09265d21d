"""Requests and answers with something else in one place."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def broken(draw: Any, whole: st.SearchStrategy[Any]) -> Any:
    """One of the values of `whole`, in one place of which stands something else."""
    value = copy.deepcopy(draw(whole))
    (*way, last) = draw(st.sampled_from(_places(value)))
    inside: Any = value
    for step in way:
        inside = inside[step]
    inside[last] = draw(JSON)
    return value


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        steps = enumerate(value)
    return [
        each for step, inner in steps for each in [(*path, step), *_places(inner, (*path, step))]
    ]
