"""Anthropic's other addresses: tokens are counted, and models listed, without a message."""

from __future__ import annotations

from typing import Any

import httpx
from tests.unit.local.simulator.anthropic.test_native import MODEL, refusal
from tests.unit.local.simulator.anthropic.test_wire import RESULT, THINKING, TOOL_USE, WEATHER
from tests.unit.local.simulator.conftest import MESSAGES, SimulatedProvider
from tests.wire_types import anthropic_types as types

from controlplane.local.simulator.wire import API_KEY


async def test_tokens_are_counted(provider: SimulatedProvider) -> None:
    async def count(**body: Any) -> httpx.Response:
        return await provider.client.post(
            "/anthropic/v1/messages/count_tokens",
            json={"model": "claude-sonnet-4-5", "messages": MESSAGES, **body},
            headers={"x-api-key": API_KEY, "anthropic-version": "2023-06-01"},
        )

    counted = (await count(system="Be brief.", thinking=THINKING)).json()
    assert types.TOKEN_COUNT.faults(counted) == []
    made = (await provider.anthropic(system="Be brief.")).json()
    assert counted["input_tokens"] == made["usage"]["input_tokens"]
    assert refusal(await count(max_tokens=9)) == "max_tokens: Extra inputs are not permitted"
    used = [*MESSAGES, {"role": "assistant", "content": [TOOL_USE]}]
    result = {"role": "user", "content": [RESULT]}
    assert (await count(messages=[*used, result], tools=[WEATHER])).status_code == 200
    assert "without `tool_result` blocks" in refusal(await count(messages=[*used, *MESSAGES]))


async def test_models_by_pages(provider: SimulatedProvider) -> None:
    async def get(path: str = "", **query: Any) -> httpx.Response:
        headers = {"x-api-key": API_KEY, "anthropic-version": "2023-06-01"}
        url = f"/anthropic/v1/models{path}"
        return await provider.client.get(url, params=query, headers=headers)

    everything = (await get(limit=1000)).json()
    ids = [model["id"] for model in everything["data"]]
    assert (everything["has_more"], MODEL in ids) == (False, True)
    first = (await get(limit=2)).json()
    second = (await get(limit=2, after_id=first["last_id"])).json()
    before = (await get(limit=1, before_id=second["last_id"])).json()
    pages = [[model["id"] for model in page["data"]] for page in (first, second, before)]
    assert pages == [ids[:2], ids[2:4], ids[2:3]]
    assert [page["has_more"] for page in (first, second, before)] == [True, True, True]
    for page in (everything, first):
        assert types.MODELS_PAGE.faults(page) == []
    assert (await get(f"/{MODEL}")).json() == everything["data"][ids.index(MODEL)]
    assert (await get("/gpt-5.5")).status_code == 404
    assert "limit: Input should be" in refusal(await get(limit=0))
