"""What is kept of responses, for whom, and whose reasoning is read."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.local.simulator.conftest import SimulatedProvider, named_events
from tests.unit.local.simulator.responses.test_wire import ENCRYPTED, REASONING, WEATHER
from tests.wire_types import openai_types as types

from controlplane.local.simulator.responses import store
from controlplane.local.simulator.wire import API_KEY, OTHER_API_KEY


def text_of(whole: dict[str, Any]) -> str:
    text: str = whole["output"][-1]["content"][0]["text"]
    return text


async def test_a_response_is_kept_and_deleted(provider: SimulatedProvider) -> None:
    made = (await provider.respond(tools=[WEATHER])).json()
    id_ = made["id"]
    assert (await provider.kept(id_)).json() == made
    streamed = named_events(await provider.kept(id_, stream="true"))
    assert streamed[-1]["response"] == made
    rest = named_events(await provider.kept(id_, stream="true", starting_after="2"))
    assert rest == streamed[3:]
    assert (await provider.kept(id_, key=OTHER_API_KEY)).status_code == 404
    gone = (await provider.kept(id_, method="DELETE")).json()
    assert gone == {"id": id_, "object": "response", "deleted": True}
    missing = await provider.kept(id_)
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == f"Response with id '{id_}' not found."


async def test_what_is_not_to_be_kept_is_not(provider: SimulatedProvider) -> None:
    id_ = (await provider.respond(store=False)).json()["id"]
    assert (await provider.kept(id_)).status_code == 404
    refused = await provider.respond(previous_response_id=id_)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (400, "previous_response_not_found")


async def test_the_oldest_are_forgotten(
    provider: SimulatedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "KEPT_RESPONSES", 2)
    ids = [(await provider.respond()).json()["id"] for _ in range(3)]
    assert [(await provider.kept(id_)).status_code for id_ in ids] == [404, 200, 200]


async def test_a_turn_goes_on_from_the_one_before(provider: SimulatedProvider) -> None:
    first = (await provider.respond(tools=[WEATHER], reasoning=REASONING)).json()
    call = first["output"][-1]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
    body: dict[str, Any] = {"previous_response_id": first["id"], "input": [result]}
    second = (await provider.respond(**body)).json()
    assert second["previous_response_id"] == first["id"]
    assert text_of(second).startswith("The simulator read 3 messages.")
    assert text_of(second).endswith("The tool said: sunny")


async def test_a_conversation_has_all_its_turns(provider: SimulatedProvider) -> None:
    for turn, count in enumerate((1, 3, 5)):
        conversation: Any = "conv_1" if turn else {"id": "conv_1"}
        whole = (await provider.respond(conversation=conversation)).json()
        assert whole["conversation"] == {"id": "conv_1"}
        assert text_of(whole).startswith(f"The simulator read {count} message")
    other = (await provider.respond(conversation="conv_1", key=OTHER_API_KEY)).json()
    assert text_of(other).startswith("The simulator read 1 message.")


async def test_input_items_by_pages(provider: SimulatedProvider) -> None:
    turns = [{"role": "user", "content": f"Say {number}"} for number in range(3)]
    id_ = (await provider.respond(input=turns)).json()["id"]
    page = (await provider.kept(f"{id_}/input_items", limit=2)).json()
    assert types.RESPONSE_ITEMS.faults(page) == []
    said = [item["content"][0]["text"] for item in page["data"]]
    assert (said, page["has_more"]) == (["Say 2", "Say 1"], True)
    rest = (await provider.kept(f"{id_}/input_items", limit=2, after=page["last_id"])).json()
    assert [item["content"][0]["text"] for item in rest["data"]] == ["Say 0"]
    assert rest["has_more"] is False


async def test_a_response_in_the_background(provider: SimulatedProvider) -> None:
    made = (await provider.respond(background=True)).json()
    assert types.RESPONSE.faults(made) == []
    assert (made["status"], made["output"]) == ("queued", [])
    seen = [(await provider.kept(made["id"])).json() for _ in range(3)]
    assert [one["status"] for one in seen] == ["in_progress", "completed", "completed"]
    assert text_of(seen[-1]).endswith("Hello there")
    late = await provider.respond(f"/{made['id']}/cancel")
    assert late.json()["error"]["message"] == "Cannot cancel a completed response."
    other = (await provider.respond(background=True)).json()["id"]
    cancelled = (await provider.respond(f"/{other}/cancel")).json()
    assert (cancelled["status"], (await provider.kept(other)).json()["status"]) == (
        "cancelled",
        "cancelled",
    )
    plain = (await provider.respond()).json()["id"]
    assert (await provider.respond(f"/{plain}/cancel")).status_code == 400


async def reasoning_of(provider: SimulatedProvider, **body: Any) -> Any:
    return (await provider.respond(**ENCRYPTED, **body)).json()["output"][0]


async def test_reasoning_goes_back_to_its_account(provider: SimulatedProvider) -> None:
    item = await reasoning_of(provider)
    assert "thinks" not in item["encrypted_content"]
    hello = {"role": "user", "content": "Hello"}

    async def status(item: Any, **more: Any) -> tuple[int, Any]:
        response = await provider.respond(input=[hello, item, hello], **more)
        return response.status_code, response.json().get("error", {}) and (
            response.json()["error"] or {}
        ).get("code")

    refused = (400, "invalid_encrypted_content")
    assert (await status(item))[0] == 200
    assert (await status(item, model="gpt-5.5"))[0] == 200
    assert await status(item, key=OTHER_API_KEY) == refused
    changed = item["encrypted_content"][:-4] + "AAAA"
    assert await status({**item, "encrypted_content": changed}) == refused
    assert await status({**item, "encrypted_content": "?"}) == refused


async def test_an_azure_deployment_reads_only_its_own(provider: SimulatedProvider) -> None:
    async def azure(model: str, *items: Any) -> Any:
        body = {"model": model, "input": [{"role": "user", "content": "Hello"}, *items]}
        headers = {"api-key": API_KEY}
        url = "/azure/openai/v1/responses"
        return await provider.client.post(url, json={**body, **ENCRYPTED}, headers=headers)

    item = (await azure("gpt-5.5")).json()["output"][0]
    assert (await azure("gpt-5.5", item)).status_code == 200
    foreign = await reasoning_of(provider)
    for refused in (await azure("gpt-6-luna", item), await azure("gpt-5.5", foreign)):
        assert refused.json()["error"]["code"] == "invalid_encrypted_content"


async def test_references_to_items(provider: SimulatedProvider) -> None:
    made = (await provider.respond(reasoning=REASONING)).json()
    hello = {"role": "user", "content": "Hello"}
    thought = {"type": "item_reference", "id": made["output"][0]["id"]}
    assert (await provider.respond(input=[thought, hello])).status_code == 200
    assert (await provider.respond(input=[made["output"][0], hello])).status_code == 200
    unkept = (await provider.respond(reasoning=REASONING, store=False)).json()["output"][0]
    refused = await provider.respond(input=[unkept, hello])
    assert refused.status_code == 404
    assert "not persisted when `store` is set to false" in refused.json()["error"]["message"]
