"""The official client raises its own typed errors, whoever caused them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from tests.e2e.conftest import MakeKey, Stack

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(params=["openai", "azure", "anthropic"])
def provider(request: pytest.FixtureRequest) -> str:
    """Who is asked."""
    name: str = request.param
    return name


@pytest.fixture
def model(provider: str, models: Mapping[str, str]) -> str:
    """The model name that leads there."""
    return models[provider]


@pytest.fixture
def client(stack: Stack, make_key: MakeKey) -> OpenAI:
    key = make_key(rate_limits=[{"requests": 1_000_000, "window_seconds": 60}])
    return OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=key, max_retries=0)


def test_a_wrong_key(stack: Stack, model: str) -> None:
    stranger = OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key="sk-cp-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.chat.completions.create(model=model, messages=HELLO)
    assert caught.value.code == "invalid_api_key"


def test_personal_data(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "I am jane.doe@example.com"}]
        )
    assert caught.value.code == "pii_detected"
    assert caught.value.param == "messages.0.content"
    assert "jane" not in caught.value.message


@pytest.mark.parametrize(
    ("body", "param"),
    [({"temperature": 3}, "temperature"), ({"n": 0}, "n"), ({"stop": 7}, "stop")],
)
def test_a_bad_parameter_is_named(
    client: OpenAI, model: str, body: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=HELLO, **body)
    assert caught.value.param == param


def test_the_providers_own_refusal_is_passed_on(
    stack: Stack, client: OpenAI, provider: str, model: str
) -> None:
    before = stack.calls(provider)
    stack.simulate(provider, {"kind": "status", "status": 400}, times=1)
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=HELLO)
    assert "simulated" in caught.value.message
    assert caught.value.type == "invalid_request_error"
    assert stack.calls(provider) == before + 1


def test_what_anthropic_cannot_do_is_refused_by_name(
    client: OpenAI, models: Mapping[str, str]
) -> None:
    for body in ({"logit_bias": {"1": 5}}, {"n": 2}, {"functions": [{"name": "f"}]}):
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(
                model=models["anthropic"],
                messages=HELLO,
                **body,
            )
        assert caught.value.param == next(iter(body))


def test_what_is_a_matter_of_taste_is_left_out_and_named(
    client: OpenAI, models: Mapping[str, str]
) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model=models["anthropic"],
        messages=HELLO,
        frequency_penalty=0.5,
        temperature=0.7,
        top_p=0.9,
    )
    named = raw.headers["x-llm-cp-ignored-params"].split(",")
    assert set(named) == {"frequency_penalty", "temperature", "top_p"}


def test_an_unknown_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="nope-1", messages=HELLO)
    assert caught.value.code == "model_not_found"


def test_a_rate_limit(stack: Stack, make_key: MakeKey, model: str) -> None:
    key = make_key(rate_limits=[{"requests": 1, "window_seconds": 60}])
    client = OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=key, max_retries=0)
    client.chat.completions.create(model=model, messages=HELLO)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=model, messages=HELLO)
    assert caught.value.code == "rate_limit_exceeded"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"


@pytest.mark.parametrize("kind", ["drop", "early-done", "error-mid"])
def test_a_cut_stream_raises(
    stack: Stack, client: OpenAI, provider: str, model: str, kind: str
) -> None:
    stack.simulate(provider, {"kind": kind}, times=1)
    with pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model=model, messages=HELLO, stream=True))
    assert caught.value.code == "stream_interrupted"


@pytest.mark.parametrize("status", [429, 529])
def test_an_exhausted_provider_says_when_to_come_back(
    stack: Stack, client: OpenAI, models: Mapping[str, str], status: int
) -> None:
    for provider in ("azure", "anthropic"):
        stack.simulate(provider, {"kind": "status", "status": status, "retry_after": 40})
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model=models[provider], messages=HELLO)
        assert caught.value.status_code == 503
        assert caught.value.code == "provider_overloaded"
        assert caught.value.response.headers["retry-after"] == "40"
