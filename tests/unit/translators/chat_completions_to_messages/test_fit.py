"""What a Claude model is sent of parameters that it has, if not with every value."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from controlplane.errors import UnsupportedParameter
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.translators.chat_completions_to_messages.fit import Sent, fit

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
OLDER, NEWER = "claude-opus-4-6", "claude-sonnet-5-5"


def sent(model: str, *, lenient: bool = False, **parameters: Any) -> Sent:
    body = BODY | parameters
    kept = copy.deepcopy(body)
    found = fit("anthropic", ChatRequest(body, lenient=lenient), model)
    assert body == kept
    return found


PLAIN = {model: sent(model).body for model in (OLDER, NEWER)}


def test_top_p_is_left_out_beside_temperature() -> None:
    found = sent(OLDER, temperature=0.7, top_p=0.9)
    assert found == Sent(PLAIN[OLDER] | {"temperature": 0.7}, ("top_p",))
    assert sent(OLDER, top_p=0.9) == Sent(PLAIN[OLDER] | {"top_p": 0.9}, ())


@pytest.mark.parametrize(
    "model",
    [
        *("claude-opus-4-7", "claude-opus-4.8", "claude-opus-5", "claude-sonnet-5-5"),
        *("claude-haiku-5-5-20261001", "claude-fable-5-1", "claude-mythos-preview"),
        *("claude-opus-12", "eu.anthropic.claude-sonnet-5-5"),
    ],
)
def test_a_model_that_takes_no_sampling_is_sent_none(model: str) -> None:
    found = sent(model, temperature=0.7, top_p=0.9)
    assert found == Sent(sent(model).body, ("temperature", "top_p"))
    assert sent(model, temperature=1, top_p=None).left_out == ()
    assert sent(model, temperature=1.7).left_out == ("temperature",)


@pytest.mark.parametrize(
    "model",
    [
        *("claude-opus-4-6", "claude-sonnet-4-6", "claude-haiku-4-5-20251001"),
        *("claude-opus-4-20250514", "claude-3-7-sonnet-20250219", "claude-3-opus-latest"),
    ],
)
def test_a_model_that_takes_sampling_is_sent_it(model: str) -> None:
    assert sent(model, temperature=0.7).body["temperature"] == 0.7


def test_thinking_goes_before_sampling() -> None:
    thinking = sent(OLDER, reasoning_effort="low").body
    found = sent(OLDER, reasoning_effort="low", temperature=0.7, top_p=0.5)
    assert found == Sent(thinking, ("temperature", "top_p"))


def test_what_a_model_does_not_have_is_left_out_where_the_route_says_so() -> None:
    asked: dict[str, Any] = {
        "temperature": 1.5,
        "logprobs": True,
        "service_tier": "flex",
        "top_k": 5,
        "seed": 1,
    }
    found = sent(OLDER, lenient=True, **asked)
    assert found.body == PLAIN[OLDER]
    assert set(found.left_out) == set(asked)
    for name in asked.keys() - {"seed"}:
        with pytest.raises(UnsupportedParameter) as raised:
            sent(OLDER, **{name: asked[name]})
        assert raised.value.param == name


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"n": 2}, "n"),
        ({"stop": " "}, "stop"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools.0"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"modalities": ["text", "audio"]}, "modalities"),
    ],
)
def test_the_question_stays_the_same(parameters: dict[str, Any], place: str) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        sent(OLDER, lenient=True, **parameters)
    assert str(raised.value.param).startswith(place)
