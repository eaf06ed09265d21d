"""Server-sent events, cut at any byte."""

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.errors import ProviderError
from controlplane.providers.sse import MAX_EVENT_BYTES, data_of_events

STREAM = (
    b': comment\n\ndata: {"a":1}\n\nevent: x\ndata:two\r\n\r\n\n\n'
    b"data: line one\ndata: line two\n\nid: 7\nretry: 9\n\ndata: \xe2\x82\xac\n\ndata: [DONE]\n\n"
)
EVENTS = [b'{"a":1}', b"two", b"line one\nline two", "€".encode(), b"[DONE]"]


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(*parts: bytes) -> list[bytes]:
    return [data async for data in data_of_events(pieces(*parts))]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=40))
async def test_any_cut_gives_the_same_events(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    parts = [STREAM[a:b] for a, b in pairwise(edges)]
    assert await read(*parts) == EVENTS


async def test_byte_by_byte() -> None:
    assert await read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == EVENTS


async def test_an_unfinished_event_is_dropped_and_a_finished_line_is_kept() -> None:
    assert await read(b"data: whole\n\ndata: par") == [b"whole"]
    assert await read(b"data: last\n") == [b"last"]


async def test_a_line_without_end_is_bounded() -> None:
    with pytest.raises(ProviderError):
        await read(*(b"x" * 1_000_000 for _ in range(MAX_EVENT_BYTES // 1_000_000 + 2)))
