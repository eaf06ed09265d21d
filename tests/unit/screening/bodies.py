"""JSON values, many of them with something to find in them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from controlplane.screening.detect import DETECTORS

VALUES = [text for row in DETECTORS for text in row.matches]
_GLUE = [" ", "", "-", ".", "\\", "\\n", "\\u0040", '"', "\n", "\u200b", "1", "x", "@", "phone "]

text = st.lists(
    st.one_of(
        st.sampled_from(VALUES),
        st.sampled_from(VALUES).map(lambda value: value[: len(value) // 2]),
        st.sampled_from(_GLUE),
        st.text(max_size=6),
    ),
    max_size=6,
).map("".join)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([4111111111111111, 5500000000000004, 123456789, 4111111111111111.0, 10**400]),
    text,
)


def _containers(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    part = text.map(lambda value: {"type": "text", "text": value})
    return st.one_of(
        st.lists(children, max_size=4),
        st.lists(part, min_size=2, max_size=4),
        st.dictionaries(st.one_of(text, st.sampled_from(["phone", "ssn", "url"])), children),
    )


bodies: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    text, st.recursive(scalars, _containers, max_leaves=12), max_size=4
)
