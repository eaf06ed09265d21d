"""What was used: read from whole completions, and heard of streamed ones."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.usage import Usage
from controlplane.protocols.chat_completions.tally import ChunkTally
from controlplane.protocols.chat_completions.usage import (
    read_embedding_usage,
    read_usage,
    usage_of,
)

COUNTS = {"prompt_tokens": 100, "completion_tokens": 50}
READ = Usage(input=100, output=50)
ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


@pytest.mark.parametrize(
    "names",
    [
        {"prompt_tokens_details": {"cached_tokens": 60}},
        {"prompt_token_details": {"cached_tokens": 60}},
        {"num_cached_tokens": 60},
        {"cached_tokens": 60},
        {"prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 40},
        {"cache_read_input_tokens": 60},
        {"cached_tokens": 60, "prompt_tokens_details": {"cached_tokens": 0}},
        {"prompt_cache_hit_tokens": 60, "prompt_tokens_details": {"cached_tokens": 60}},
    ],
    ids=["OpenAI", "Mistral", "Mistral 2", "Moonshot", "DeepSeek", "Anthropic", "zero", "twice"],
)
def test_cached_tokens_have_many_names(names: dict[str, Any]) -> None:
    assert read_usage(COUNTS | names) == Usage(input=100, output=50, cached=60)


@pytest.mark.parametrize(
    ("more", "read"),
    [
        (
            {"prompt_tokens_details": {"cache_write_tokens": 70, "cache_write_1h_tokens": 20}},
            Usage(100, 50, cache_write=70, cache_write_hour=20),
        ),
        ({"cache_creation_input_tokens": 70}, Usage(100, 50, cache_write=70)),
        (
            {
                "prompt_tokens_details": {"audio_tokens": 90, "image_tokens": 5},
                "completion_tokens_details": {
                    "audio_tokens": 40,
                    "reasoning_tokens": 7,
                    "image_tokens": 3,
                },
            },
            Usage(
                *(100, 50),
                reasoning=7,
                audio_input=90,
                audio_output=40,
                image_input=5,
                image_output=3,
            ),
        ),
        (
            {"completion_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 180},
            Usage(100, 80, reasoning=30),
        ),
        (
            {"completion_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 150},
            Usage(100, 50, reasoning=30),
        ),
        ({"completion_tokens_details": {"reasoning_tokens": 90}}, Usage(100, 90, reasoning=90)),
        ({"num_search_queries": 3}, Usage(100, 50, calls=(("web_search", 3),))),
        (
            {"server_tool_use": {"web_search_requests": 2}},
            Usage(100, 50, calls=(("web_search", 2),)),
        ),
        ({"prompt_audio_seconds": 12}, Usage(100, 50, unknown=frozenset({"audio_input"}))),
        ({"prompt_tokens": 99.2, "completion_tokens": "50"}, Usage(100, 0)),
        ({"prompt_tokens": True, "completion_tokens": 50.0}, Usage(0, 50)),
        ({"prompt_tokens_details": "none", "completion_tokens_details": 7}, READ),
        ({"prompt_tokens": 2**41}, Usage(2**41, 50)),
    ],
)
def test_each_item_is_read(more: dict[str, Any], read: Usage) -> None:
    assert read_usage(COUNTS | more) == read


@pytest.mark.parametrize("nothing", [None, [], "text", 7, {}, ZEROS, {"prompt_tokens": -1}])
def test_what_counts_nothing_is_no_usage(nothing: Any) -> None:
    assert read_usage(nothing) is None


def test_some_embedding_servers_say_the_total_alone() -> None:
    assert read_embedding_usage({"total_tokens": 7}) == Usage(input=7)
    assert read_embedding_usage({"prompt_tokens": 5, "total_tokens": 7}) == Usage(input=5)
    assert read_embedding_usage({"total_tokens": 0}) is None
    assert read_embedding_usage(None) is None


def test_the_answer_says_which_tier_served_it_and_what_it_cites() -> None:
    answer = {"usage": COUNTS, "service_tier": "flex", "choices": [{"message": {"content": "x"}}]}
    assert usage_of(answer) == Usage(100, 50, service_tier="flex")
    cited = answer | {"choices": [{"message": {"annotations": [{"type": "url_citation"}]}}]}
    assert usage_of(cited).unknown == {"web_search"}
    counted = cited | {"usage": COUNTS | {"num_search_queries": 1}}
    assert usage_of(counted).unknown == frozenset()
    assert usage_of({"service_tier": "priority"}) == Usage(service_tier="priority")


def said(content: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return {"model": "m", "choices": [choice], **more}


def counted(*numbers: int) -> dict[str, Any]:
    prompt, completion = numbers
    return {"prompt_tokens": prompt, "completion_tokens": completion}


def heard(*chunks: Any, ended: bool = False) -> ChunkTally:
    tally = ChunkTally()
    for chunk in chunks:
        tally.hear(chunk)
    if ended:
        tally.end()
    return tally


LAST = {"model": "m", "choices": [], "usage": COUNTS}


def test_the_usage_comes_behind_the_last_choice() -> None:
    tally = heard(said("one"), said("", "stop"), LAST)
    assert (tally.model, tally.said, tally.usage) == ("m", 3, READ)


@pytest.mark.parametrize(
    "chunks",
    [
        [said("x", usage=ZEROS), said("", "stop", usage=ZEROS), LAST],
        [said("x"), said("", "stop"), LAST, {"choices": [], "usage": ZEROS}],
        [said("x", usage=counted(100, 1)), said("", "stop", usage=COUNTS)],
        [said("x"), said("", "stop", usage=COUNTS), {"choices": [], "usage": counted(0, 50)}],
    ],
    ids=["zeros before", "zeros behind", "growing", "part of it is zero"],
)
@pytest.mark.parametrize("ended", [False, True])
def test_zeros_never_replace_numbers(chunks: list[Any], ended: bool) -> None:
    assert heard(*chunks, ended=ended).usage == READ


@pytest.mark.parametrize(
    ("chunks", "begun"),
    [
        ([said("x", usage=ZEROS)], Usage()),
        ([said("x", usage=counted(50, 0))], Usage(50)),
        ([said("x", usage=counted(50, 1)), said("y", usage=counted(50, 2))], Usage(50, 2)),
    ],
)
def test_a_stream_that_does_not_end_has_only_begun(chunks: list[Any], begun: Usage) -> None:
    tally = heard(*chunks)
    assert (tally.usage, tally.begun) == (None, begun)


def test_what_was_reported_when_the_stream_ends_is_all_of_it() -> None:
    assert heard(said("x", usage=COUNTS), said("y", "stop"), ended=True).usage == READ
    assert heard(said("x"), said("y", "stop"), ended=True).usage is None


def test_moonshot_counts_inside_the_last_choice() -> None:
    last = said("", "stop")
    last["choices"][0]["usage"] = COUNTS | {"cached_tokens": 60}
    assert heard(said("x"), last, ended=True).usage == Usage(100, 50, cached=60)


def test_the_tier_is_heard_before_the_usage_is() -> None:
    cut = heard(said("x", service_tier="flex"))
    assert (cut.usage, cut.begun) == (None, Usage(service_tier="flex"))
    whole = heard(
        said("x", service_tier="auto"), said("", "stop"), LAST | {"service_tier": "priority"}
    )
    assert whole.usage == Usage(100, 50, service_tier="priority")


def test_what_is_cited_was_searched_for() -> None:
    cites = said("x")
    cites["choices"][0]["delta"]["annotations"] = [{"type": "url_citation"}]
    assert heard(cites).begun.unknown == {"web_search"}
    known = {"choices": [], "usage": COUNTS | {"num_search_queries": 2}}
    whole = heard(cites, said("", "stop"), known).usage
    assert whole == Usage(100, 50, calls=(("web_search", 2),))


def test_thoughts_are_heard() -> None:
    thinking = {"choices": [{"index": 0, "delta": {"reasoning_content": "x" * 51}}]}
    assert heard(*[thinking] * 190).said == 9_690
