"""Responses that a provider stores: whose they are, and what may be done with them."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from tests.unit.api.test_app import assert_envelope, client
from tests.unit.api.test_responses import Upstream, made, post, streamed, whole
from tests.unit.gateway.parts import KEY, Keys, Payloads, policy
from tests.unit.protocols.responses.answers import check, message, response, stream
from tests.unit.protocols.responses.test_frames import read

from controlplane.domain.access import Caller, Role
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.gateway.pipeline import Gateway

ALLOWED = policy(stored_responses=True)
ANSWER = response(message("Hello there."))
QUEUED = response(status="queued", background=True, usage=None, max_output_tokens=500)
OTHERS = [
    Caller("org-2", Role.SERVICE, application_id="app-1", key_id="k2"),
    Caller("org-1", Role.SERVICE, application_id="app-2", key_id="k3"),
]


def storing(*replies: httpx.Response, **parts: Any) -> tuple[Gateway, Any, Upstream]:
    return made(*replies, **{"documents": ALLOWED, **parts})


def as_seen_by(caller: Caller, *replies: httpx.Response) -> tuple[Gateway, Any, Upstream]:
    documents = [
        PolicyDocument(
            Level.APPLICATION, caller.application_id or "", 1, {"stored_responses": True}
        )
    ]
    return made(*replies, documents=documents, keys=Keys(caller))


async def stored_id(gate: Gateway, **body: Any) -> str:
    answer = await post(gate, {"input": "hi", **body})
    assert answer.status_code == 200, answer.text
    told = answer.json()["id"]
    assert isinstance(told, str)
    return told


async def ask(gate: Gateway, method: str, path: str) -> httpx.Response:
    async with client(gate) as http:
        return await http.request(method, f"/v1/responses/{path}")


async def test_an_id_leaves_under_a_seal_and_comes_back() -> None:
    gate, _, upstream = storing(whole(), whole({**ANSWER, "previous_response_id": "resp_1"}))
    told = await stored_id(gate)
    assert "store" not in upstream.sent
    assert told.startswith("resp_")
    assert told != ANSWER["id"]
    again = (await post(gate, {"input": "on", "previous_response_id": told})).json()
    assert upstream.sent["previous_response_id"] == "resp_1"
    assert again["previous_response_id"] == again["id"] == told


async def test_a_stream_has_one_id() -> None:
    gate, _, _ = storing(streamed(stream(ANSWER)))
    events = read((await post(gate, {"input": "hi", "stream": True})).content)
    check(events)
    (told,) = {event["response"]["id"] for event in events if "response" in event}
    assert told != ANSWER["id"]
    gate, _, upstream = storing(whole())
    assert (await ask(gate, "GET", told)).json()["id"] == told
    assert upstream.calls[0].url.path == "/v1/responses/resp_1"


async def test_an_answer_that_is_not_stored_keeps_its_bytes() -> None:
    gate, _, _ = storing(whole())
    answer = await post(gate, {"input": "hi", "store": False})
    assert answer.content == whole().content
    assert answer.json()["id"] == "resp_1"


@pytest.mark.parametrize("caller", OTHERS, ids=["organisation", "application"])
async def test_no_other_caller_can_use_it(caller: Caller) -> None:
    gate, _, _ = storing(whole())
    told = await stored_id(gate)
    other, sink, upstream = as_seen_by(caller, whole())
    refused = await post(other, {"input": "on", "previous_response_id": told})
    assert refused.status_code == 400
    assert assert_envelope(refused)["code"] == "previous_response_not_found"
    for method, suffix in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/cancel"),
        ("GET", "/input_items"),
    ):
        answer = await ask(other, method, told + suffix)
        assert answer.status_code == 404
        assert assert_envelope(answer)["code"] == "not_found"
    assert upstream.calls == []
    assert [event.status for event in sink.events] == [400, 404, 404, 404, 404]


def forged(told: str) -> list[str]:
    sealed = base64.urlsafe_b64decode(told.removeprefix("resp_") + "==")
    other = sealed[:16] + sealed[16:].replace(b"resp_1", b"resp_2")
    return ["resp_1", "resp_", "", "resp_é", told[:-2], base64.urlsafe_b64encode(other).decode()]


async def test_an_id_cannot_be_made_up() -> None:
    gate, _, upstream = storing(whole())
    told = await stored_id(gate)
    for attempt in forged(told):
        asked = {"input": "on", "previous_response_id": attempt or "x"}
        assert (await post(gate, asked)).status_code == 400
    assert len(upstream.calls) == 1


async def test_it_belongs_to_its_target() -> None:
    gate, _, _ = storing(whole())
    told = await stored_id(gate)
    other, _, _ = storing(whole(), targets=("b",))
    answer = await post(other, {"input": "on", "previous_response_id": told})
    assert assert_envelope(answer)["param"] == "previous_response_id"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
    ],
)
async def test_several_targets_store_nothing(body: dict[str, Any], param: str) -> None:
    gate, _, upstream = storing(whole(), targets=("a", "b"))
    refused = await post(gate, {"input": "hi", **body})
    assert refused.status_code == 400
    error = assert_envelope(refused)
    assert (error["param"], error["code"]) == (param, "unsupported_parameter")
    assert (await post(gate, {"input": "hi"})).json()["id"] == "resp_1"
    assert upstream.sent["store"] is False


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"conversation": "conv_1"}, "conversation"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}], "store": False}, "input.0"),
    ],
)
async def test_what_belongs_to_no_caller_is_refused(body: dict[str, Any], param: str) -> None:
    gate, _, upstream = storing(whole())
    refused = await post(gate, {"input": "hi", **body})
    assert assert_envelope(refused)["param"] == param
    assert upstream.calls == []


@pytest.mark.parametrize(
    ("method", "suffix", "operation"),
    [
        ("GET", "", "responses.retrieve"),
        ("DELETE", "", "responses.delete"),
        ("POST", "/cancel", "responses.cancel"),
        ("GET", "/input_items", "responses.input_items"),
    ],
)
async def test_what_may_be_done_is_recorded_and_free(
    method: str, suffix: str, operation: str
) -> None:
    gate, sink, upstream = storing(whole())
    told = await stored_id(gate)
    answer = await ask(gate, method, f"{told}{suffix}?after=item_1")
    assert answer.status_code == 200
    assert answer.json()["id"] == told
    asked = upstream.calls[-1]
    query = "?after=item_1" if method == "GET" else ""
    assert (asked.method, asked.content) == (method, b"")
    assert str(asked.url) == f"https://a.test/v1/responses/resp_1{suffix}{query}"
    event = sink.events[-1]
    assert (event.operation, event.status, event.provider) == (operation, 200, "a")
    assert (event.model_requested, event.model_served) == ("m", "gpt-6-luna")
    assert (event.tokens_input, event.tokens_output, event.cost_microusd) == (0, 0, None)
    assert "x-llm-cp-cost-usd" not in answer.headers


async def test_what_is_deleted_keeps_its_name() -> None:
    deleted = {"id": "resp_1", "object": "response.deleted", "deleted": True}
    gate, _, _ = storing(whole(), whole(deleted))
    told = await stored_id(gate)
    assert (await ask(gate, "DELETE", told)).json() == {**deleted, "id": told}


async def test_one_that_failed_in_the_background_can_be_read() -> None:
    failed = response(status="failed", error={"code": "server_error", "message": "Sorry."})
    gate, _, _ = storing(whole(QUEUED), whole(failed))
    answer = await ask(gate, "GET", await stored_id(gate, background=True))
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == "server_error"


async def test_it_streams_from_where_it_was_left() -> None:
    gate, sink, upstream = storing(whole(QUEUED), streamed(stream(ANSWER)[3:]))
    told = await stored_id(gate, background=True)
    answer = await ask(gate, "GET", f"{told}?stream=true&starting_after=2")
    assert upstream.calls[-1].url.query == b"stream=true&starting_after=2"
    assert upstream.calls[-1].method == "GET"
    events = read(answer.content)
    assert events[-1]["response"]["id"] == told
    assert [event["type"] for event in events] == [each["type"] for each in stream(ANSWER)[3:]]
    assert (sink.events[-1].stream, sink.events[-1].cost_microusd) == (True, None)


async def test_an_answer_in_the_background_is_charged_as_the_longest_that_it_may_be() -> None:
    gate, sink, _ = storing(whole(QUEUED))
    answer = await post(gate, {"input": "12345678", "background": True, "max_output_tokens": 500})
    assert answer.json()["status"] == "queued"
    event = sink.events[0]
    assert (event.tokens_input, event.tokens_output, event.usage_estimated) == (2, 500, True)


async def test_the_answer_is_screened_and_kept_as_screened() -> None:
    answer = response(message("Of ana@example.com."))
    kept = Payloads()
    documents = policy(
        stored_responses=True, store_payloads=True, screening={"responses": "redact"}
    )
    gate, _, _ = storing(whole(QUEUED), whole(answer), documents=documents, payloads=kept)
    shown = await ask(gate, "GET", await stored_id(gate, background=True))
    assert shown.json()["output"][0]["content"][0]["text"] == "Of [EMAIL_1]."
    *_, text = kept.stored.values()
    assert json.loads(text)["answer"]["output"][0]["content"][0]["text"] == "Of [EMAIL_1]."
    assert "ana@example.com" not in repr(kept.stored)


async def test_a_list_of_items_is_screened() -> None:
    items = {"object": "list", "data": [{**message("Of ana@example.com."), "id": "msg_1"}]}
    documents = policy(stored_responses=True, screening={"responses": "redact"})
    gate, _, _ = storing(whole(), whole(items), documents=documents)
    shown = await ask(gate, "GET", f"{await stored_id(gate)}/input_items")
    assert shown.json()["data"][0]["content"][0]["text"] == "Of [EMAIL_1]."


@pytest.mark.parametrize(("status", "shown"), [(404, 404), (400, 400), (401, 502), (500, 502)])
async def test_what_the_provider_says(status: int, shown: int) -> None:
    error = {"error": {"message": "No.", "type": "invalid_request_error", "code": None}}
    gate, sink, _ = storing(whole(), whole(error, status))
    answer = await ask(gate, "GET", await stored_id(gate))
    assert answer.status_code == shown
    assert_envelope(answer)
    assert sink.events[-1].status == shown


async def test_a_viewer_may_not() -> None:
    gate, _, _ = storing(whole())
    told = await stored_id(gate)
    viewer = Keys(Caller("org-1", Role.VIEWER, application_id="app-1", key_id="k"))
    other, _, upstream = storing(whole(), keys=viewer)
    assert (await ask(other, "GET", told)).status_code == 403
    assert upstream.calls == []


async def test_a_model_that_is_not_allowed_any_more() -> None:
    gate, _, _ = storing(whole())
    told = await stored_id(gate)
    documents = policy(stored_responses=True, models={"allow": ["other"]})
    other, _, upstream = storing(whole(), documents=documents)
    assert (await ask(other, "GET", told)).status_code == 403
    assert upstream.calls == []


async def test_no_key_is_401() -> None:
    gate, sink, _ = storing(whole())
    told = await stored_id(gate)
    async with client(gate) as http:
        answer = await http.get(
            f"/v1/responses/{told}", headers={"Authorization": f"Bearer {KEY}x"}
        )
    assert answer.status_code == 401
    assert len(sink.events) == 1


async def test_a_seal_is_no_secret_to_the_screening() -> None:
    screening = {"pii": "block", "secrets": "block"}
    documents = policy(stored_responses=True, screening=screening)
    gate, _, _ = storing(
        *(whole({**ANSWER, "id": f"resp_{number:050x}"}) for number in range(40)),
        documents=documents,
        ledger=None,
    )
    told = await stored_id(gate)
    for _ in range(39):
        told = await stored_id(gate, previous_response_id=told)
        assert told.startswith("resp_")
