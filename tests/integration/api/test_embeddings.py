"""`POST /v1/embeddings` through real stores to a real server, asked by the official client."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import openai
import pytest
import uvicorn
from openai import AsyncOpenAI
from tests.integration.api.conftest import Organization, add_policy, close, new_organization
from tests.integration.api.embedding_server import KEY, EmbeddingServer
from tests.wire_types.openai_types import EMBEDDINGS

from controlplane.api.app import create_app
from controlplane.config import ProviderSettings, Settings
from controlplane.domain.access import Role
from controlplane.domain.policy import Level
from controlplane.wiring import Container

MODEL = "text-embedding-3-small"
TEXTS = ["The quick brown fox", "jumped over the lazy dog"]


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[EmbeddingServer, str]]:
    """The server, and where it listens."""
    made = EmbeddingServer()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(made.app(), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listener]))
    yield made, f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    await running
    listener.close()


@pytest.fixture(params=["httpx", "aiohttp"])
async def organization(
    request: pytest.FixtureRequest,
    settings: Settings,
    upstream: tuple[EmbeddingServer, str],
) -> AsyncIterator[Organization]:
    """One that routes the model to each kind of provider, with both HTTP transports."""
    _, url = upstream
    rows = (
        ProviderSettings("openai", "openai", f"{url}/v1", KEY),
        ProviderSettings("own", "openai", f"{url}/own/v1", KEY),
        ProviderSettings("azure", "azure", f"{url}/azure", KEY, "2024-10-21"),
        ProviderSettings("anthropic", "anthropic", f"{url}/anthropic", KEY),
    )
    providers = {row.name: row for row in rows}
    long_lived = request.param == "aiohttp"
    container = Container(replace(settings, providers=providers, long_lived=long_lived))
    made = await new_organization(container)
    for name in providers:
        await put(made, f"{name}-embed", (name, MODEL))
    await put(made, MODEL, ("openai", MODEL), ("azure", MODEL))
    yield made
    await close(made)
    await container.database.close()
    await container.redis.close()
    await container.http.aclose()


async def put(organization: Organization, alias: str, *targets: tuple[str, str]) -> None:
    body = {
        "strategy": "priority",
        "targets": [{"provider": provider, "model": model} for provider, model in targets],
    }
    response = await organization.admin.put(f"/admin/v1/routes/{alias}", json=body)
    assert response.status_code == 201, response.text


@pytest.fixture
async def client(organization: Organization) -> AsyncIterator[AsyncOpenAI]:
    """The official client, through the application without a socket."""
    key = organization.service.headers["authorization"].removeprefix("Bearer ")
    transport = httpx2.ASGITransport(create_app(organization.container))
    async with httpx2.AsyncClient(transport=transport) as http:
        yield AsyncOpenAI(base_url="http://cp/v1", api_key=key, http_client=http, max_retries=0)


async def test_the_official_client(
    client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str]
) -> None:
    answer = await client.embeddings.create(model=MODEL, input=TEXTS, dimensions=3, user="u-1")
    assert [item.embedding for item in answer.data] == [[19.0] * 3, [24.0] * 3]
    assert answer.usage.prompt_tokens == 7
    ((path, headers, body),) = upstream[0].asked
    assert (path, headers["authorization"]) == ("/v1/embeddings", f"Bearer {KEY}")
    # Unless told otherwise the client asks for base64 and decodes it.
    assert body == {
        "model": MODEL,
        "input": TEXTS,
        "dimensions": 3,
        "user": "u-1",
        "encoding_format": "base64",
    }


async def test_the_answer_is_openais(
    organization: Organization, upstream: tuple[EmbeddingServer, str]
) -> None:
    response = await organization.service.post(
        "/v1/embeddings", json={"model": MODEL, "input": TEXTS}
    )
    assert response.status_code == 200
    assert EMBEDDINGS.faults(response.json()) == []
    assert response.headers["x-llm-cp-provider"] == "openai"
    assert response.headers["x-llm-cp-cost-usd"] == "0.000001"
    assert response.headers["x-ratelimit-remaining-requests"] == "99"
    (sent,) = upstream[0].asked
    assert "encoding_format" not in sent[2]


async def test_azures_address_and_header(
    client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str]
) -> None:
    await client.embeddings.create(model="azure-embed", input="text")
    ((path, headers, body),) = upstream[0].asked
    where = f"/azure/openai/deployments/{MODEL}/embeddings?api-version=2024-10-21"
    assert (path, headers["api-key"], body["model"]) == (where, KEY, MODEL)


async def test_a_server_of_ones_own_by_name(
    client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str]
) -> None:
    await client.embeddings.create(model="own-embed", input="text")
    assert upstream[0].asked[0][0] == "/own/v1/embeddings"


async def test_anthropic_has_none(
    client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str]
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.embeddings.create(model="anthropic-embed", input="text")
    assert (caught.value.param, caught.value.code) == ("model", "unsupported_parameter")
    assert upstream[0].asked == []


# "write to jane.doe@example.com please" in OpenAI's tokens, as LangChain sends it.
EMAIL_TOKENS = [5040, 311, 99706, 962, 4748, 36587, 916, 4587]


@pytest.mark.parametrize("tokens", [[1212, 318], [[1212, 318], [257]]])
async def test_tokens_are_read_where_the_model_is_one_of_openai(
    client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str], tokens: Any
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.embeddings.create(model=MODEL, input=EMAIL_TOKENS)
    assert (caught.value.param, caught.value.code) == ("input", "pii_detected")
    answer = await client.embeddings.create(model=MODEL, input=tokens)
    assert len(answer.data) == (1 if isinstance(tokens[0], int) else 2)
    assert [asked[2]["input"] for asked in upstream[0].asked] == [tokens]


async def test_tokens_of_another_model_pass_where_nothing_is_screened(
    organization: Organization, client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str]
) -> None:
    await put(organization, "bge", ("own", "bge-m3"))
    with pytest.raises(openai.BadRequestError) as caught:
        await client.embeddings.create(model="bge", input=[1212])
    assert (caught.value.param, caught.value.code) == ("input", "input_not_screenable")
    off = {"screening": {"pii": "off", "secrets": "off"}}
    rules, org_id = organization.container.configuration_repository, organization.id
    await add_policy(organization, Level.ORGANIZATION, org_id, off)
    await organization.container.configuration_cache.replace(org_id, await rules.all_of(org_id))
    await client.embeddings.create(model="bge", input=[1212])
    assert upstream[0].asked[0][2]["input"] == [1212]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"<html>",
        b"[]",
        b'{"error": {"message": "no"}}',
        b'{"data": []}',
        b'{"data": [{"index": 0}]}',
        b'{"data": [{"embedding": 7}]}',
        b'{"data": [{"embedding": [1]}, {"embedding": [1]}]}',
        b'{"data": [{"embedding": [1]}',
    ],
)
async def test_a_200_that_is_no_embedding_is_a_failure(
    client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str], answer: bytes
) -> None:
    upstream[0].answer = answer
    with pytest.raises(openai.InternalServerError) as caught:
        await client.embeddings.create(model="own-embed", input="text")
    assert (caught.value.status_code, caught.value.code) == (502, "provider_error")


async def test_the_providers_refusal_comes_back_and_its_key_does_not(
    client: AsyncOpenAI, upstream: tuple[EmbeddingServer, str]
) -> None:
    error = {"message": f"{KEY} may not", "param": "dimensions", "code": "too_many"}
    upstream[0].status, upstream[0].answer = 400, json.dumps({"error": error}).encode()
    with pytest.raises(openai.BadRequestError) as caught:
        await client.embeddings.create(model=MODEL, input="text", dimensions=9999)
    assert (caught.value.param, caught.value.code) == ("dimensions", "too_many")
    assert KEY not in caught.value.message


@pytest.mark.parametrize("role", [Role.VIEWER])
async def test_who_may_not(organization: Organization, role: Role) -> None:
    response = await organization.clients[role].post(
        "/v1/embeddings", json={"model": MODEL, "input": "text"}
    )
    assert response.status_code == 403


async def test_the_audit_event_is_in_the_queue(
    organization: Organization, client: AsyncOpenAI
) -> None:
    answer = await client.embeddings.with_raw_response.create(model=MODEL, input="xyzzy")
    event = await received(organization.container.settings)
    assert event["request_id"] == answer.headers["x-request-id"]
    assert (event["operation"], event["status"]) == ("embeddings", 200)
    assert (event["tokens_input"], event["tokens_output"]) == (7, 0)
    assert "xyzzy" not in json.dumps(event)


async def received(settings: Settings) -> dict[str, Any]:
    from tests.aws import client as aws

    queue = aws("sqs", settings)
    reply = await asyncio.to_thread(
        queue.receive_message, QueueUrl=settings.audit_queue_url, WaitTimeSeconds=5
    )
    (message,) = reply["Messages"]
    event: dict[str, Any] = json.loads(message["Body"])
    return event


async def test_a_trailing_slash_is_another_path(organization: Organization) -> None:
    response = await organization.service.post("/v1/embeddings/", json={})
    assert response.status_code == 404
