"""What requests hold is bounded, each alone and all together, and comes back."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest

from controlplane.api.inbound import MAX_BODY_BYTES
from controlplane.domain.body import parse_object
from controlplane.domain.memory import MEGABYTE, Memory, hold, parsed_size
from controlplane.errors import InvalidRequest, ProviderError, Unavailable
from controlplane.protocols.protocol import json_object

# Of members that say nothing: 4 to 12 bytes each.
KEYS = b"{%b}" % b",".join(b'"k%d":1' % i for i in range(400_000))
LISTS = b'{"a":[%b]}' % b",".join([b"[1]"] * 400_000)
OBJECTS = b'{"a":[%b]}' % b",".join([b"{}"] * 400_000)
NUMBERS = b'{"a":[%b]}' % b",".join(b"%d.5" % i for i in range(400_000))
WORDS = orjson.dumps({"a": [f"w{i}" for i in range(400_000)]})


@pytest.mark.parametrize("raw", [KEYS, LISTS, OBJECTS, NUMBERS, WORDS])
def test_the_size_of_what_is_parsed_is_bounded_from_above(raw: bytes) -> None:
    tracemalloc.start()
    value = orjson.loads(raw)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert value
    assert taken <= parsed_size(raw) <= 8 * taken


@pytest.mark.parametrize("line", ["name: 1,234,567\n", '{"a":1,"b":[2]}', "1,2,3,\\\\4"])
def test_a_text_with_structure_is_a_text(line: str) -> None:
    body = orjson.dumps({"a": line * (4_000_000 // len(line))})
    assert parse_object(body) == orjson.loads(body)


def test_a_body_of_too_many_members_is_refused() -> None:
    body = b"{%b}" % b",".join([b'"":1'] * 1_000_000)
    assert len(body) < MAX_BODY_BYTES
    with pytest.raises(InvalidRequest, match="too many members"):
        parse_object(body)


def test_an_answer_of_too_many_members_is_a_failure() -> None:
    million = b"{%b}" % b",".join(b'"k%d":1' % i for i in range(1_000_000))
    with pytest.raises(ProviderError, match="too many members"):
        json_object(million)


@pytest.mark.parametrize("depth", [129, 250, 1_000])
def test_an_answer_that_is_nested_too_deep_is_a_failure(depth: int) -> None:
    with pytest.raises(ProviderError):
        json_object(b'{"a":%b%b}' % (b"[" * depth, b"]" * depth))


def test_a_share_comes_back_however_its_request_ends() -> None:
    memory = Memory(10 * MEGABYTE)
    with memory.share():
        hold(6 * MEGABYTE)
        assert not memory.may_begin
        with pytest.raises(Unavailable) as refused:
            hold(5 * MEGABYTE)
    assert refused.value.headers["Retry-After"] == "2"
    assert memory.held_bytes == 0
    assert memory.may_begin


def test_parsing_counts() -> None:
    memory = Memory(100 * MEGABYTE)
    with memory.share():
        json_object(NUMBERS)
        assert memory.held_bytes == parsed_size(NUMBERS)


def test_outside_of_requests_nothing_is_counted() -> None:
    hold(1_000 * MEGABYTE)
