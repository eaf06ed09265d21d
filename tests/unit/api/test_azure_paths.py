"""Azure OpenAI's clients unchanged: the deployment is the model, the key is in `api-key`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from tests.unit.api.test_app import app_over
from tests.unit.gateway.parts import KEY, Scripted, completion, gateway
from tests.unit.gateway.test_embeddings import vectors

from controlplane.domain.routing import Target
from controlplane.gateway.pipeline import Gateway


def http(made: Gateway) -> Any:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app_over(made)))


def client(provider: Scripted) -> AsyncAzureOpenAI:
    made, _ = gateway({"a": provider}, targets=(Target("a", "model-a"),))
    return AsyncAzureOpenAI(
        api_key=KEY,
        api_version="2024-10-21",
        azure_endpoint="http://gateway.test",
        http_client=http(made),
        max_retries=0,
    )


ASKED: Any = [{"role": "user", "content": "Hello"}]


async def test_a_completion() -> None:
    provider = Scripted(completion("Hi."))
    answer = await client(provider).chat.completions.create(model="m", messages=ASKED)
    assert answer.choices[0].message.content == "Hi."
    assert provider.models == ["model-a"]


async def test_embeddings() -> None:
    provider = Scripted(vectors())
    answer = await client(provider).embeddings.create(model="m", input="x", encoding_format="float")
    assert answer.data[0].embedding == [0.5]


@pytest.mark.parametrize("body", [b'{"messages":[{"role":"user","content":"x"}]}', b"{", b"[]"])
async def test_the_path_names_the_model(body: bytes) -> None:
    provider = Scripted(completion("Hi."))
    made, _ = gateway({"a": provider}, targets=(Target("a", "model-a"),))
    async with http(made) as caller:
        answer = await caller.post(
            "http://gateway.test/openai/deployments/m/chat/completions",
            content=body,
            headers={"api-key": KEY},
        )
    assert answer.status_code == (200 if len(body) > 2 else 400)
    assert len(provider.requests) == (1 if len(body) > 2 else 0)


async def test_the_path_of_the_newer_api() -> None:
    provider = Scripted(completion("Hi."))
    made, _ = gateway({"a": provider}, targets=(Target("a", "model-a"),))
    openai = AsyncOpenAI(
        api_key=KEY,
        base_url="http://gateway.test/openai/v1/",
        http_client=http(made),
    )
    answer = await openai.chat.completions.create(model="m", messages=ASKED)
    assert answer.choices[0].message.content == "Hi."
    assert [each.id async for each in openai.models.list()] == ["m"]
