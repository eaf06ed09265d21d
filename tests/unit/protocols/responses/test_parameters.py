"""Every parameter of OpenAI's Responses has a fate where it is translated, and keeps to it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.unit.translators.pairs import TO_CHAT
from tests.wire_types.responses_types import RESPONSES_PARAMETERS, RESPONSES_REQUEST

from controlplane.errors import UnsupportedParameter
from controlplane.protocols.parameters import Fate, Handling
from controlplane.protocols.responses.parameters import DEFAULTS, LOSSES
from controlplane.translators.responses_to_chat_completions.parameters import PARAMETERS

TOOL = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}
PLAIN: dict[str, Any] = {"model": "m", "input": "Hello", "tools": [TOOL]}
CODEX_OWN = {"client_metadata"}
# For each parameter, a value that asks for something.
SAMPLES: dict[str, Any] = {
    "model": "another",
    "input": "Something else",
    "instructions": "Be short.",
    "stream": True,
    "stream_options": {"include_obfuscation": True},
    "max_output_tokens": 99,
    "temperature": 0.5,
    "top_p": 0.5,
    "tools": [{**TOOL, "name": "g"}],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "max_tool_calls": 3,
    "text": {"format": {"type": "json_object"}},
    "reasoning": {"effort": "low"},
    "include": ["message.output_text.logprobs"],
    "top_logprobs": 3,
    "store": True,
    "background": True,
    "background_options": {"completion_window": "2h"},
    "previous_response_id": "resp_1",
    "conversation": "conv_1",
    "prompt": {"id": "pmpt_1"},
    "truncation": "auto",
    "context_management": [{"type": "compaction"}],
    "safety_identifier": "a1",
    "user": "u1",
    "metadata": {"a": "b"},
    "service_tier": "flex",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "explicit"},
    "moderation": {"model": "omni-moderation-latest"},
    "image": {"context_compression": "enabled"},
    "access_programs": {"cyber": "standard"},
}
MISSING = [name for name in SAMPLES if PARAMETERS.of(name).handling is Handling.MISSING]
TRANSLATED = [name for name in SAMPLES if PARAMETERS.of(name).handling is Handling.TRANSLATED]


def test_the_tables_name_each_parameter_of_openai_and_no_other() -> None:
    assert set(DEFAULTS) == RESPONSES_PARAMETERS
    assert set(LOSSES) == RESPONSES_PARAMETERS
    assert set(SAMPLES) == RESPONSES_PARAMETERS
    assert set(PARAMETERS.rows) == RESPONSES_PARAMETERS | CODEX_OWN


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_what_openai_takes(name: str) -> None:
    assert RESPONSES_REQUEST.faults(PLAIN | {name: SAMPLES[name]}) == []


@pytest.mark.parametrize("name", TRANSLATED)
def test_what_is_translated_changes_the_body_and_not_the_request(name: str) -> None:
    asked = PLAIN | {name: SAMPLES[name]}
    kept = copy.deepcopy(asked)
    translation = TO_CHAT.translate(asked)
    assert translation.request.body != TO_CHAT.translate(PLAIN).request.body
    assert translation.left_out == ()
    assert asked == kept


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("name", MISSING)
def test_what_is_not_there_meets_its_fate(name: str, lenient: bool) -> None:
    asked = PLAIN | {name: SAMPLES[name]}
    fate = LOSSES[name].fate
    if fate is Fate.TASTE or (lenient and fate is Fate.DETAIL):
        translation = TO_CHAT.translate(asked, lenient=lenient)
        assert translation.left_out == (name,)
        assert translation.request.body == TO_CHAT.translate(PLAIN).request.body
        return
    with pytest.raises(UnsupportedParameter) as raised:
        TO_CHAT.translate(asked, lenient=lenient)
    assert raised.value.param == name


@pytest.mark.parametrize("name", ["store", "stream_options"])
def test_what_the_gateway_does_itself_is_named(name: str) -> None:
    translation = TO_CHAT.translate(PLAIN | {name: SAMPLES[name]})
    assert translation.left_out == (name,)
    assert translation.request.body == TO_CHAT.translate(PLAIN).request.body


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_and_null_ask_for_nothing(name: str) -> None:
    if name in ("model", "input"):
        return
    assert TO_CHAT.translate(PLAIN | {name: None}).left_out == ()
    if DEFAULTS[name] is not None and name not in ("store", "tools"):
        assert TO_CHAT.translate(PLAIN | {name: DEFAULTS[name]}).left_out == ()


def test_an_unknown_parameter_is_refused_where_it_would_be_lost() -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        TO_CHAT.translate(PLAIN | {"top_k": 5})
    assert raised.value.param == "top_k"
    assert TO_CHAT.translate(PLAIN | {"top_k": 5}, lenient=True).left_out == ("top_k",)
