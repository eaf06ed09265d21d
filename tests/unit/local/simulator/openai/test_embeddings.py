"""Embeddings in OpenAI's and Azure's wire format."""

from __future__ import annotations

import base64
import math
import struct

import httpx
import pytest
from tests.unit.local.simulator.conftest import SimulatedProvider

from controlplane.local.simulator.wire import API_KEY


async def embed(provider: SimulatedProvider, **body: object) -> httpx.Response:
    return await provider.client.post(
        "/openai/v1/embeddings",
        json={"model": "text-embedding-3-small", **body},
        headers={"Authorization": f"Bearer {API_KEY}"},
    )


async def test_one_vector_for_each_input(provider: SimulatedProvider) -> None:
    body = (await embed(provider, input=["one", "two", "one"])).json()
    assert [row["index"] for row in body["data"]] == [0, 1, 2]
    one, two, again = (row["embedding"] for row in body["data"])
    assert one == again != two
    assert len(one) == 1536
    assert math.isclose(math.hypot(*one), 1, abs_tol=1e-5)
    assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}


async def test_base64_and_dimensions(provider: SimulatedProvider) -> None:
    plain = (await embed(provider, input="one", dimensions=8)).json()["data"][0]["embedding"]
    packed = await embed(provider, input="one", dimensions=8, encoding_format="base64")
    values = struct.unpack("<8f", base64.b64decode(packed.json()["data"][0]["embedding"]))
    assert values == pytest.approx(plain, abs=1e-6)


async def test_azure_has_them_under_a_deployment(provider: SimulatedProvider) -> None:
    response = await provider.client.post(
        "/azure/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21",
        json={"input": [[1, 2, 3]]},
        headers={"api-key": API_KEY},
    )
    body = response.json()
    assert (body["model"], body["usage"]["prompt_tokens"]) == ("text-embedding-3-small", 3)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": "x", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "x", "dimensions": 0}, "dimensions"),
        ({"input": "x", "messages": []}, "messages"),
    ],
)
async def test_bad_parameters_are_named(
    provider: SimulatedProvider, body: dict[str, object], param: str
) -> None:
    response = await embed(provider, **body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


async def test_they_fail_as_chats_do(provider: SimulatedProvider) -> None:
    assert (await embed(provider, model="sim-503", input="x")).status_code == 503
    assert (await embed(provider, model="sim-no-choices", input="x")).json()["data"] == []
    assert "usage" not in (await embed(provider, model="sim-no-usage", input="x")).json()
