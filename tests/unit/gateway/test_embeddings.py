"""Embeddings go through the same stages as a chat: over parts in memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from tests.unit.gateway.parts import (
    CALLER,
    KEY,
    Scripted,
    ScriptedCall,
    body_of,
    completion,
    embeddings,
    gateway,
    policy,
)

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.routing import Target, Timeouts
from controlplane.errors import (
    InvalidRequest,
    PermissionDenied,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    SensitiveData,
    UnsupportedParameter,
)
from controlplane.gateway.call import Call
from controlplane.gateway.pipeline import Gateway
from controlplane.providers.echo import EchoProvider

A, B = Target("a", "model-a"), Target("b", "model-b")


class Embedding(Scripted):
    """The same script for embeddings."""

    @property
    def asked(self) -> list[tuple[InferenceRequest, str]]:
        return list(zip(self.requests, self.models, strict=True))


class ChatOnly(Scripted):
    """Has no embeddings."""

    def prepare(self, request: InferenceRequest, model: str) -> ScriptedCall:
        raise UnsupportedParameter("model", "chat-only", "they have no embeddings")


def vectors(**more: Any) -> dict[str, Any]:
    return {
        "object": "list",
        "model": "served-1",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
        **more,
    }


def call(value: Any = "hello there", **more: Any) -> Call:
    body = {"model": "m", "input": value, **more}
    return Call(f"req_{random.getrandbits(64):016x}", f"Bearer {KEY}", orjson.dumps(body))


async def run(made: Gateway, incoming: Call) -> Mapping[str, Any]:
    async with embeddings(incoming, made) as answer:
        return body_of(answer.content)


async def test_embeddings_are_answered_and_recorded() -> None:
    provider = Embedding(vectors())
    made, sink = gateway({"a": provider}, targets=(A,))
    assert await run(made, call("hello", user="end-user-7", dimensions=8)) == vectors()
    ((asked, model),) = provider.asked
    assert (model, asked.body["dimensions"]) == ("model-a", 8)
    (event,) = sink.events
    assert (event.operation, event.stream, event.status) == ("embeddings", False, 200)
    assert (event.org_id, event.end_user) == (CALLER.org_id, "end-user-7")
    assert (event.model_requested, event.model_served, event.provider) == ("m", "served-1", "a")
    assert (event.tokens_input, event.tokens_output, event.cost_microusd) == (3, 0, 3)
    assert not event.usage_estimated


async def test_a_bad_body_is_recorded_as_embeddings() -> None:
    made, sink = gateway({"a": Embedding(vectors())}, targets=(A,))
    with pytest.raises(InvalidRequest):
        await run(made, call(7))
    assert (sink.events[0].operation, sink.events[0].status) == ("embeddings", 400)


async def test_an_answer_without_usage_is_estimated() -> None:
    made, sink = gateway({"a": Embedding(vectors(usage=None))}, targets=(A,))
    await run(made, call(["x" * 40, "y" * 40]))
    (event,) = sink.events
    assert (event.tokens_input, event.tokens_output, event.usage_estimated) == (20, 0, True)


@pytest.mark.parametrize(
    "failure",
    [
        ProviderError("status", "busy", status=429),
        ProviderError("status", "key", status=401),
        ProviderError("connect", "refused"),
        ProviderError("protocol", "html"),
    ],
    ids=lambda failure: str(failure.status or failure.kind),
)
async def test_fail_over(failure: ProviderError) -> None:
    first, second = Embedding(failure), Embedding(vectors())
    made, sink = gateway({"a": first, "b": second}, targets=(A, B))
    assert await run(made, call()) == vectors()
    assert [attempt.provider for attempt in sink.events[0].attempts] == ["a", "b"]


async def test_a_refusal_of_the_provider_is_passed_on() -> None:
    refusal = ProviderError("status", "too long", status=400, param="input")
    made, _ = gateway({"a": Embedding(refusal)}, targets=(A,))
    with pytest.raises(ProviderRefused) as caught:
        await run(made, call())
    assert (caught.value.status, caught.value.param) == (400, "input")


async def test_the_deadline_holds() -> None:
    async def never() -> Any:
        await asyncio.sleep(60)

    made, sink = gateway(
        {"a": Embedding(never)}, targets=(A,), timeouts=Timeouts(0.1, 0.1, 0.1, 0.2)
    )
    with pytest.raises(ProviderUnavailable) as caught:
        await run(made, call())
    assert caught.value.status == 504
    assert sink.events[0].status == 504


async def test_a_provider_without_embeddings_is_passed_over() -> None:
    chat_only, other = ChatOnly(completion()), Embedding(vectors())
    made, sink = gateway({"a": chat_only, "b": other}, targets=(A, B))
    assert await run(made, call()) == vectors()
    assert [attempt.provider for attempt in sink.events[0].attempts] == ["b"]


async def test_no_provider_with_embeddings_is_a_400_that_names_the_model() -> None:
    made, sink = gateway({"a": ChatOnly(completion())}, targets=(A,))
    with pytest.raises(InvalidRequest) as caught:
        await run(made, call())
    assert (caught.value.status, caught.value.param) == (400, "model")
    assert caught.value.code == "unsupported_parameter"
    assert sink.events[0].attempts == ()


EMAIL = "write to jane.doe@example.com please"


async def test_personal_data_is_found_in_every_input() -> None:
    made, sink = gateway({"a": Embedding(vectors())}, targets=(A,))
    with pytest.raises(SensitiveData) as caught:
        await run(made, call(["fine", EMAIL]))
    assert caught.value.param == "input.1"
    assert sink.events[0].screening == {"email": 1}


@pytest.mark.parametrize("value", [EMAIL, ["fine", EMAIL]])
async def test_personal_data_is_redacted(value: Any) -> None:
    provider = Embedding(vectors())
    documents = policy(screening={"pii": "redact"})
    made, _ = gateway({"a": provider}, targets=(A,), documents=documents)
    await run(made, call(value))
    ((asked, _),) = provider.asked
    assert "jane" not in str(asked.body)
    assert type(asked.body["input"]) is type(value)


async def test_the_policy_holds() -> None:
    limit = {"rate_limits": [{"requests": 1, "window_seconds": 60}], "max_output_tokens": 5}
    provider = Embedding(vectors())
    made, _ = gateway({"a": provider}, targets=(A,), documents=policy(**limit))
    await run(made, call())
    assert "max_completion_tokens" not in provider.asked[0][0].body
    with pytest.raises(RateLimited):
        await run(made, call())
    made, _ = gateway(targets=(A,), documents=policy(models={"allow": ["other"]}))
    with pytest.raises(PermissionDenied):
        await run(made, call())


async def test_the_echo_has_embeddings_too() -> None:
    made, _ = gateway({"echo": EchoProvider()})
    answer = await run(made, call(["one", "two"]))
    assert [item["index"] for item in answer["data"]] == [0, 1]
