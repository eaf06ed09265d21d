"""Translating never changes what it is given, whatever that is."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.chat_completions_to_messages.asked import SONNET, file, image

from controlplane.errors import UnsupportedParameter
from controlplane.translators.chat_completions_to_messages.request import translate

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
PARTS = st.sampled_from(
    [
        {"type": "text", "text": "a"},
        {"type": "text", "text": ""},
        image("https://x/a.png"),
        image("data:image/png;base64,AAAA"),
        file(file_data="data:application/pdf;base64,AAAA", filename="a.pdf"),
    ]
)
MESSAGES = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"role": st.sampled_from(["user", "tool"]), "tool_call_id": st.just("c")}
            | {"content": st.none() | st.text(max_size=9) | st.lists(PARTS, max_size=3)}
        ),
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "content": st.none() | st.text(max_size=9)},
            optional={
                "tool_calls": st.just(
                    [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
                ),
                "refusal": st.none() | st.just("no"),
            },
        ),
        st.fixed_dictionaries(
            {"role": st.sampled_from(["system", "developer"]), "content": st.text()}
        ),
    ),
    min_size=1,
    max_size=6,
)


LOOSE = st.sampled_from(["tools", "tool_choice", "reasoning_effort", "service_tier", "user"])


@given(messages=MESSAGES, extra=st.dictionaries(LOOSE, JSON))
def test_translating_is_pure_and_raises_nothing_else(messages: Any, extra: Any) -> None:
    request = {"model": "m", "messages": messages, **extra}
    kept = copy.deepcopy(request)
    try:
        out = translate(request, SONNET)
    except UnsupportedParameter:
        assert request == kept
        return
    assert request == kept
    roles = [turn["role"] for turn in out["messages"]]
    assert all(a != b for a, b in pairwise(roles))
    assert all(turn["content"] for turn in out["messages"])
