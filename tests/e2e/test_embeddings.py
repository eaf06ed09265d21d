"""Embeddings on the running stack: answered, refused and recorded like a chat."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI
from tests.e2e.conftest import MakeKey, Stack


@pytest.fixture
def client(stack: Stack) -> OpenAI:
    return OpenAI(
        base_url=stack.env["OPENAI_BASE_URL"], api_key=stack.env["OPENAI_API_KEY"], max_retries=0
    )


@pytest.fixture
def embedding_model(stack: Stack) -> Iterator[str]:
    """OpenAI first, then Azure."""
    alias = f"test-{uuid.uuid4().hex}"
    model = "text-embedding-3-small"
    targets = [{"provider": name, "model": model} for name in ("openai", "azure")]
    response = stack.admin.put(
        f"/admin/v1/routes/{alias}", json={"strategy": "priority", "targets": targets}
    )
    assert response.status_code == 201, response.text
    yield alias
    stack.admin.delete(f"/admin/v1/routes/{alias}")


def test_an_embedding_and_its_record(stack: Stack, client: OpenAI, embedding_model: str) -> None:
    stack.simulate("openai", {"kind": "status", "status": 503}, times=1)
    raw = client.embeddings.with_raw_response.create(model=embedding_model, input=["one", "two"])
    answer = raw.parse()
    assert [item.index for item in answer.data] == [0, 1]
    assert all(len(item.embedding) > 0 for item in answer.data)
    assert raw.headers["x-llm-cp-provider"] == "azure"
    record = stack.record(raw.headers["x-request-id"])
    assert (record["operation"], record["provider"], record["status"]) == (
        "embeddings",
        "azure",
        200,
    )
    assert record["tokens_input"] == answer.usage.prompt_tokens
    assert record["cost_microusd"] is not None


@pytest.fixture
def chat_only(stack: Stack) -> Iterator[str]:
    """A model that only Anthropic serves, which has no embeddings."""
    alias = f"test-{uuid.uuid4().hex}"
    target = {"provider": "anthropic", "model": "claude-sonnet-5-5"}
    body = {"strategy": "priority", "targets": [target]}
    response = stack.admin.put(f"/admin/v1/routes/{alias}", json=body)
    assert response.status_code == 201, response.text
    yield alias
    stack.admin.delete(f"/admin/v1/routes/{alias}")


def test_a_provider_without_embeddings_is_a_400_that_names_the_model(
    stack: Stack, client: OpenAI, chat_only: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model=chat_only, input="hello")
    assert (caught.value.param, caught.value.code) == ("model", "unsupported_parameter")
    assert caught.value.request_id is not None
    record = stack.record(caught.value.request_id)
    assert (record["operation"], record["status"]) == ("embeddings", 400)
    assert (record["model_requested"], record["attempts"]) == (chat_only, [])


def test_personal_data_in_one_of_many_inputs(stack: Stack, client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="gpt-5.5", input=["fine", "I am jane.doe@example.com"])
    assert (caught.value.param, caught.value.code) == ("input.1", "pii_detected")
    assert caught.value.request_id is not None
    assert stack.record(caught.value.request_id)["screening"] == {"email": 1}


def test_tokens_are_refused_by_name(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="gpt-5.5", input=[[1212, 318], [257]])
    assert (caught.value.param, caught.value.code) == ("input", "input_not_screenable")


def test_an_unknown_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.embeddings.create(model="no-such-model", input="hello")
    assert caught.value.code == "model_not_found"


def test_limits_count_embeddings_too(stack: Stack, make_key: MakeKey, chat_only: str) -> None:
    key = make_key(rate_limits=[{"requests": 1, "window_seconds": 60}])
    limited = OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=key, max_retries=0)
    with pytest.raises(openai.BadRequestError):
        limited.embeddings.create(model=chat_only, input="hello")
    with pytest.raises(openai.RateLimitError):
        limited.embeddings.create(model=chat_only, input="hello")
