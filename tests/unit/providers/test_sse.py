"""Server-sent events, cut at any byte."""

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.memory import Memory
from controlplane.errors import ProviderError, Unavailable
from controlplane.providers.http import MAX_ANSWER_BYTES, MAX_STREAM_BYTES
from controlplane.providers.sse import data_of_events

STREAM = (
    b': comment\n\ndata: {"a":1}\n\nevent: x\ndata:two\r\n\r\n\n\n'
    b"data: line one\ndata: line two\n\nid: 7\nretry: 9\n\ndata: \xe2\x82\xac\n\ndata: [DONE]\n\n"
)
EVENTS = [b'{"a":1}', b"two", b"line one\nline two", "€".encode(), b"[DONE]"]


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(*parts: bytes) -> list[bytes]:
    return [data async for data in data_of_events(pieces(*parts)) if data]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=40))
async def test_any_cut_gives_the_same_events(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    parts = [STREAM[a:b] for a, b in pairwise(edges)]
    assert await read(*parts) == EVENTS


async def test_byte_by_byte() -> None:
    assert await read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == EVENTS


@pytest.mark.parametrize("end", [b"", b"\n", b"\r", b"\r\n"])
async def test_the_last_event_needs_no_end(end: bytes) -> None:
    assert await read(b"data: whole\n\ndata: [DONE]" + end) == [b"whole", b"[DONE]"]


@given(
    cuts=st.lists(st.integers(0, len(STREAM)), max_size=40), end=st.sampled_from([b"\r", b"\r\n"])
)
async def test_every_line_end_of_the_standard(cuts: list[int], end: bytes) -> None:
    stream = STREAM.replace(b"\r\n", b"\n").replace(b"\n", end)
    edges = [0, *sorted(cuts), len(stream)]
    assert await read(*(stream[a:b] for a, b in pairwise(edges))) == EVENTS


async def test_events_without_data_say_nothing() -> None:
    empty = b"data:\n\ndata: \n\ndata\n\nevent: ping\n\n: comment\n\ndata:\ndata:\n\n"
    assert await read(empty + b"data: one\n\n") == [b"one"]


@pytest.mark.parametrize("cut", range(4))
async def test_a_byte_order_mark_is_no_part_of_the_first_line(cut: int) -> None:
    stream = b"\xef\xbb\xbfdata: one\n\ndata: two\n\n"
    assert await read(stream[:cut], stream[cut:]) == [b"one", b"two"]
    assert await read(stream[:cut], *(stream[i : i + 1] for i in range(cut, len(stream)))) == [
        b"one",
        b"two",
    ]


async def test_a_read_without_an_event_is_a_sign_of_life() -> None:
    said = [data async for data in data_of_events(pieces(b": ping\n\n", b"data: o", b"ne\n\n"))]
    assert said == [b"", b"", b"one"]


async def test_an_event_is_bounded_and_a_read_is_not() -> None:
    megabyte = b"x" * 1_000_000
    fits = MAX_ANSWER_BYTES // len(megabyte)
    (large,) = await read(b"data: ", *[megabyte] * fits, b"\n\n")
    assert len(large) == fits * len(megabyte)
    many = (b"data: " + megabyte + b"\n\n") * (fits + 2)
    assert len(await read(many)) == fits + 2
    for too_large in (
        [megabyte] * (fits + 2),
        [b"data: " + megabyte + b"\n"] * (fits + 2),
        [b"data: " + megabyte * (fits + 2) + b"\n\n"],
    ):
        with pytest.raises(ProviderError, match="too large"):
            await read(*too_large)


async def test_a_stream_is_bounded_whatever_it_says() -> None:
    comments = [b":" + b"x" * 1_000_000 + b"\n"] * (MAX_STREAM_BYTES // 1_000_000)
    assert await read(*comments) == []
    with pytest.raises(ProviderError, match="the stream is too large"):
        await read(*comments, *comments[:2])


async def test_a_large_event_counts_as_held_and_small_ones_do_not() -> None:
    memory = Memory(10_000_000)
    with memory.share():
        await read(*[b"data: " + b"x" * 500 + b"\n\n"] * 10_000)
        assert memory.held_bytes == 0
        await read(b"data: ", *[b"x" * 100_000] * 10, b"\n\n")
        assert memory.held_bytes >= 1_000_000
        with pytest.raises(Unavailable):
            await read(b"data: ", *[b"x" * 100_000] * 100)
