"""An administrator writes a route, and the official client uses it with the next request."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from tests.e2e.conftest import MakeKey, Stack, chat

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def client(stack: Stack) -> OpenAI:
    return OpenAI(
        base_url=stack.env["OPENAI_BASE_URL"], api_key=stack.env["OPENAI_API_KEY"], max_retries=0
    )


@pytest.fixture
def alias(stack: Stack) -> Iterator[str]:
    """A name that nobody else uses, with slashes in it; its route is gone afterwards."""
    name = f"test/{uuid.uuid4().hex}/Llama-3"
    yield name
    stack.admin.delete(place(name))


def place(alias: str) -> str:
    return f"/admin/v1/routes/{quote(alias)}"


def put(stack: Stack, alias: str, *targets: tuple[str, str], **more: Any) -> httpx.Response:
    body = {
        "strategy": "priority",
        "targets": [{"provider": provider, "model": model} for provider, model in targets],
        **more,
    }
    response = stack.admin.put(place(alias), json=body)
    assert response.status_code in (200, 201), response.text
    return response


def test_models_are_listed(client: OpenAI) -> None:
    models = list(client.models.list())
    ids = [model.id for model in models]
    assert {"gpt-5.5", "gpt-6-luna", "text-embedding-3-small", "claude-haiku-5-5"} <= set(ids)
    assert {model.object for model in models} == {"model"}
    assert client.models.retrieve("gpt-5.5").owned_by == "openai"


def test_a_route_holds_from_the_next_request_on(stack: Stack, client: OpenAI, alias: str) -> None:
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model=alias, messages=HELLO)
    assert put(stack, alias, ("openai", "gpt-6-luna")).status_code == 201
    first = client.chat.completions.with_raw_response.create(model=alias, messages=HELLO)
    assert first.headers["x-llm-cp-provider"] == "openai"
    assert client.models.retrieve(alias).id == alias
    assert put(stack, alias, ("azure", "gpt-6-luna")).status_code == 200
    second = client.chat.completions.with_raw_response.create(model=alias, messages=HELLO)
    assert second.headers["x-llm-cp-provider"] == "azure"
    assert stack.admin.delete(place(alias)).status_code == 204
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model=alias, messages=HELLO)
    assert caught.value.code == "model_not_found"


def test_a_glob_passes_the_asked_name_on(stack: Stack, client: OpenAI) -> None:
    glob = "gpt-6-l*"
    try:
        put(stack, glob, ("openai", "*"))
        # gpt-6-luna has an alias of its own, which wins; the simulator judges the other name.
        known = client.chat.completions.create(model="gpt-6-luna", messages=HELLO)
        assert known.choices[0].message.content
        assert glob not in [model.id for model in client.models.list()]
        put(stack, glob, ("azure", "gpt-5.5"))
        raw = client.chat.completions.with_raw_response.create(model="gpt-6-lumen", messages=HELLO)
        assert raw.headers["x-llm-cp-provider"] == "azure"
    finally:
        stack.admin.delete(place(glob))


def test_a_policy_hides_what_it_does_not_allow(stack: Stack, make_key: MakeKey) -> None:
    key = make_key(models={"allow": ["gpt-6-*"]})
    narrow = OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=key, max_retries=0)
    assert [model.id for model in narrow.models.list()] == ["gpt-6-luna"]
    with pytest.raises(openai.NotFoundError):
        narrow.models.retrieve("gpt-5.5")


def test_two_administrators_do_not_overwrite_each_other(stack: Stack, alias: str) -> None:
    tag = put(stack, alias, ("openai", "gpt-5.5")).headers["etag"]
    put(stack, alias, ("azure", "gpt-5.5"))
    body = {"strategy": "priority", "targets": [{"provider": "openai", "model": "gpt-6-luna"}]}
    late = stack.admin.put(place(alias), json=body, headers={"If-Match": tag})
    assert (late.status_code, late.json()["error"]["code"]) == (412, "precondition_failed")
    assert stack.admin.get(place(alias)).json()["targets"][0]["provider"] == "azure"


def test_an_unknown_provider_is_named(stack: Stack, alias: str) -> None:
    body = {"strategy": "priority", "targets": [{"provider": "nobody", "model": "m"}]}
    response = stack.admin.put(place(alias), json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "targets.0.provider"
    assert "openai" in response.json()["error"]["message"]


def test_an_application_may_not(stack: Stack, make_key: MakeKey, alias: str) -> None:
    key = make_key()
    assert chat(stack, key).status_code == 200
    body = {"strategy": "priority", "targets": [{"provider": "openai", "model": "gpt-5.5"}]}
    response = httpx.put(
        f"{stack.url}{place(alias)}", json=body, headers={"Authorization": f"Bearer {key}"}
    )
    assert response.status_code == 403
