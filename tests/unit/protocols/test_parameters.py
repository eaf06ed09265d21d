"""Every parameter of OpenAI's chat API has a fate at every kind of provider, and keeps to it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.wire_types.openai_types import CHAT_PARAMETERS, CHAT_REQUEST

from controlplane.errors import UnsupportedParameter
from controlplane.local.simulator.anthropic.parameters import refuse_parameters
from controlplane.local.simulator.wire import Refusal
from controlplane.protocols.chat_completions.parameters import DEFAULTS, LOSSES, PASSED_ON
from controlplane.protocols.parameters import MAX_LEFT_OUT, Fate, Fitted, Handling
from controlplane.translators.chat_completions_to_messages.parameters import PARAMETERS as ANTHROPIC
from controlplane.translators.chat_completions_to_messages.request import translate

ROWS = {"openai": PASSED_ON, "anthropic": ANTHROPIC}
MODEL = "claude-opus-4-6"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
PLAIN: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
WITH_TOOL = PLAIN | {"tools": [TOOL]}

# For each parameter, a value that asks for something.
SAMPLES: dict[str, Any] = {
    "model": "another",
    "messages": [{"role": "user", "content": "Something else"}],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 17,
    "max_tokens": 18,
    "temperature": 0.5,
    "top_p": 0.5,
    "stop": ["END"],
    "tools": [TOOL],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
    "safety_identifier": "a1",
    "user": "u1",
    "service_tier": "default",
    "n": 2,
    "frequency_penalty": 0.5,
    "presence_penalty": -0.5,
    "logit_bias": {"42": 1},
    "logprobs": True,
    "top_logprobs": 3,
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy", "format": "mp3"},
    "verbosity": "low",
    "web_search_options": {},
    "moderation": {"model": "omni-moderation-latest"},
    "functions": [{"name": "f"}],
    "function_call": "auto",
    "seed": 7,
    "prediction": {"type": "content", "content": "x"},
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "explicit"},
    "store": True,
    "metadata": {"user_id": "a"},
}

# Clients send it through OpenAI's API.
ANTHROPICS_OWN = {"cache_control"}


def test_the_table_names_each_parameter_of_openai_and_no_other() -> None:
    assert set(DEFAULTS) == CHAT_PARAMETERS
    assert set(SAMPLES) == CHAT_PARAMETERS


@pytest.mark.parametrize("kind", ROWS)
def test_a_kind_names_the_parameters_of_openai_only(kind: str) -> None:
    assert set(ROWS[kind].rows) <= CHAT_PARAMETERS | ANTHROPICS_OWN


def test_anthropics_table_names_each() -> None:
    assert set(ANTHROPIC.rows) == CHAT_PARAMETERS | ANTHROPICS_OWN


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_what_openai_takes(name: str) -> None:
    assert CHAT_REQUEST.faults(WITH_TOOL | {name: SAMPLES[name]}) == []


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("kind", ROWS)
def test_each_parameter_meets_its_fate(kind: str, name: str, lenient: bool) -> None:
    body = WITH_TOOL | {name: SAMPLES[name]}
    if ROWS[kind].of(name).handling is not Handling.MISSING:
        assert fit(kind, body, lenient=lenient) == Fitted(body)
        return
    match LOSSES[name].fate:
        case Fate.TASTE:
            left_out = True
        case Fate.DETAIL:
            left_out = lenient
        case Fate.MEANING:
            left_out = False
    if left_out:
        expected = {n: value for n, value in body.items() if n != name}
        assert fit(kind, body, lenient=lenient) == Fitted(expected, (name,))
        return
    with pytest.raises(UnsupportedParameter, match=f"'{name}'") as raised:
        fit(kind, body, lenient=lenient)
    assert raised.value.param == name


def test_what_is_lost_is_known_of_each_parameter_of_openai_and_no_other() -> None:
    assert set(LOSSES) == CHAT_PARAMETERS


@pytest.mark.parametrize("name", ["tools", "response_format", "n", "stop", "max_tokens"])
def test_what_would_change_the_question_is_never_left_out(name: str) -> None:
    rows = ROWS["openai"]
    with pytest.raises(UnsupportedParameter) as raised:
        rows.fit("mine", PLAIN | {name: SAMPLES[name]}, lenient=True, unsupported=[name])
    assert (raised.value.param, raised.value.message) == (
        name,
        f"'{name}' is not possible with mine models.",
    )


@pytest.mark.parametrize(
    "name", [n for n in SAMPLES if ANTHROPIC.of(n).handling is Handling.TRANSLATED]
)
def test_what_is_translated_changes_the_body_and_not_the_request(name: str) -> None:
    before = PLAIN if name == "tools" else WITH_TOOL
    after = before | {name: SAMPLES[name]}
    kept = copy.deepcopy(after)
    assert sent(after) != sent(before)
    assert after == kept


@pytest.mark.parametrize("model", [MODEL, "claude-sonnet-4-5"])
@pytest.mark.parametrize(
    "name", [n for n in SAMPLES if ANTHROPIC.of(n).handling is Handling.TRANSLATED]
)
def test_what_is_translated_is_taken(name: str, model: str) -> None:
    assert refusal(translate(WITH_TOOL | {name: SAMPLES[name]}, model)) is None


@pytest.mark.parametrize(
    "name", [n for n in SAMPLES if ANTHROPIC.of(n).handling is Handling.MISSING]
)
def test_what_is_not_there_does_not_reach_anthropic(name: str) -> None:
    assert sent(WITH_TOOL | {name: SAMPLES[name]}) == sent(WITH_TOOL)


def refusal(body: dict[str, Any]) -> Refusal | None:
    """What Anthropic says to parameters that it does not take; None where it takes them."""
    try:
        refuse_parameters(body)
    except Refusal as refused:
        return refused
    return None


def fit(kind: str, body: dict[str, Any], *, lenient: bool = False) -> Fitted:
    return ROWS[kind].fit(kind, body, lenient=lenient)


def sent(body: dict[str, Any]) -> dict[str, Any]:
    return translate(body, body["model"], stream=body.get("stream") is True)


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_and_null_ask_for_nothing(name: str) -> None:
    default = DEFAULTS[name]
    assert fit("anthropic", PLAIN | {name: None}).left_out == ()
    if default is not None:
        assert fit("anthropic", PLAIN | {name: default}).left_out == ()
        assert sent(PLAIN | {name: default}) in (
            sent(PLAIN),
            sent(PLAIN) | {"service_tier": "auto"},
        )


def test_an_unknown_parameter_is_refused_where_it_would_be_lost() -> None:
    body = PLAIN | {"top_k": 5}
    assert fit("openai", body) == Fitted(body)
    with pytest.raises(UnsupportedParameter) as raised:
        fit("anthropic", body)
    assert raised.value.param == "top_k"
    assert fit("anthropic", body, lenient=True) == Fitted(PLAIN, ("top_k",))


@pytest.mark.parametrize("name", ["a b", "x" * 65, "text: mail me", "größe", "a\r\nb", ""])
def test_what_is_no_name_is_never_left_out(name: str) -> None:
    with pytest.raises(UnsupportedParameter):
        fit("anthropic", PLAIN | {name: 1}, lenient=True)


def test_as_many_are_left_out_as_can_be_named() -> None:
    many = {f"p{number}": 1 for number in range(MAX_LEFT_OUT)}
    assert fit("anthropic", PLAIN | many, lenient=True).left_out == tuple(many)
    with pytest.raises(UnsupportedParameter, match="'one_more'"):
        fit("anthropic", PLAIN | many | {"one_more": 1}, lenient=True)
