"""Every parameter of Messages has a fate at a server of chat completions, and keeps to it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.wire_types.anthropic_types import BETA_MESSAGE_REQUEST, MESSAGE_PARAMETERS

from controlplane.errors import UnsupportedParameter
from controlplane.protocols.messages.parameters import DEFAULTS, LOSSES
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.protocols.parameters import Fate, Handling
from controlplane.translators.messages_to_chat_completions.parameters import PARAMETERS
from controlplane.translators.messages_to_chat_completions.translate import (
    MessagesAsChat,
    translate,
)

TOOL: dict[str, Any] = {"name": "f", "input_schema": {"type": "object"}}
PLAIN: dict[str, Any] = {
    "model": "m",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello"}],
}
WITH_TOOL = PLAIN | {"tools": [TOOL]}
SCHEMA = {"type": "json_schema", "schema": {"type": "object"}}
OTHERS = {"clear_thinking": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}}

# For each parameter, a value that asks for something.
SAMPLES: dict[str, Any] = {
    "model": "another",
    "max_tokens": 17,
    "messages": [{"role": "user", "content": "Something else"}],
    "system": "Be brief.",
    "stream": True,
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "stop_sequences": ["END"],
    "tools": [TOOL],
    "tool_choice": {"type": "any"},
    "thinking": {"type": "enabled", "budget_tokens": 2048},
    "output_config": {"effort": "low"},
    "output_format": SCHEMA,
    "metadata": {"user_id": "u1"},
    "service_tier": "standard_only",
    "speed": "fast",
    "cache_control": {"type": "ephemeral"},
    "context_management": OTHERS["clear_thinking"],
    "compaction": {"type": "summarize"},
    "container": "container_1",
    "mcp_servers": [{"type": "url", "name": "a", "url": "https://example.com"}],
    "fallbacks": "default",
    "fallback_credit_token": "t",
    "inference_geo": "us",
    "diagnostics": {"previous_message_id": "msg_1"},
    "user_profile_id": "p",
    "workspace_id": "w",
    "betas": ["context-1m-2025-08-07"],
}
# It is a parameter no more, and older clients send it.
OLDER = {"output_format"}


def test_the_table_names_each_parameter_of_anthropic_and_no_other() -> None:
    assert set(DEFAULTS) == MESSAGE_PARAMETERS | OLDER
    assert set(LOSSES) == MESSAGE_PARAMETERS | OLDER
    assert set(SAMPLES) == MESSAGE_PARAMETERS | OLDER


def test_the_translators_table_names_each() -> None:
    assert set(PARAMETERS.rows) == MESSAGE_PARAMETERS | OLDER


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - OLDER))
def test_the_samples_are_what_anthropic_takes(name: str) -> None:
    assert BETA_MESSAGE_REQUEST.faults(WITH_TOOL | {name: SAMPLES[name]}) == []


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("name", SAMPLES)
def test_each_parameter_meets_its_fate(name: str, lenient: bool) -> None:
    before = PLAIN if name == "tools" else WITH_TOOL
    after = before | {name: SAMPLES[name]}
    if PARAMETERS.of(name).handling is not Handling.MISSING:
        assert sent(after).request.body != sent(before).request.body
        return
    fate = LOSSES[name].fate
    if fate is Fate.TASTE or (lenient and fate is Fate.DETAIL):
        translated = sent(after, lenient=lenient)
        assert translated.request == sent(before).request
        assert translated.left_out == (name,)
        return
    with pytest.raises(UnsupportedParameter) as raised:
        sent(after, lenient=lenient)
    assert raised.value.param == name


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_and_null_ask_for_nothing(name: str) -> None:
    if name in ("model", "max_tokens", "messages"):
        assert DEFAULTS[name] is None
        return
    for value in (None, DEFAULTS[name]):
        translated = sent(PLAIN | {name: value})
        assert translated.left_out == ()
        assert translated.request == sent(PLAIN).request


def test_an_unknown_parameter_is_refused_or_named() -> None:
    with pytest.raises(UnsupportedParameter, match="'novelty'"):
        sent(PLAIN | {"novelty": 1})
    assert sent(PLAIN | {"novelty": 1}, lenient=True).left_out == ("novelty",)


def sent(body: dict[str, Any], *, lenient: bool = False) -> MessagesAsChat:
    kept = copy.deepcopy(body)
    translated = translate(MessagesRequest(body, lenient=lenient), "openai", body["model"])
    assert body == kept
    return translated
