"""What goes wrong with Messages is told in Anthropic's shape, or in the provider's own words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.api.messages_scene import BODY, REFUSAL, anthropic, error_of, over
from tests.unit.api.test_app import client
from tests.unit.gateway.parts import Ledger, policy
from tests.unit.providers.cases import KEY
from tests.wire_types.anthropic_types import ERROR

from controlplane.api.inbound import MAX_BODY_BYTES
from controlplane.domain.limits import Claim, Decision, Hold, Limit, LimitStatus, Measure, Period
from controlplane.errors import GatewayError
from controlplane.protocols.messages.protocol import PROTOCOL


@pytest.mark.parametrize(
    ("change", "status", "kind", "param"),
    [
        ({"max_tokens": None}, 400, "invalid_request_error", "max_tokens"),
        ({"messages": [{"role": "tool"}]}, 400, "invalid_request_error", "messages.0.role"),
        ({"model": "none"}, 404, "not_found_error", "model"),
        (
            {"system": [{"type": "text", "text": "Ask ana@example.com"}]},
            400,
            "invalid_request_error",
            "system.0.text",
        ),
    ],
)
async def test_errors_have_their_shape_and_say_where(
    change: dict[str, Any], status: int, kind: str, param: str
) -> None:
    async with client(over(anthropic())[0]) as http:
        response = await http.post("/v1/messages", json=BODY | change)
    assert response.status_code == status
    assert error_of(response, kind)["param"] == param
    assert b"ana@" not in response.content


async def test_every_error_at_these_paths_has_their_shape() -> None:
    made, _ = over(anthropic())
    async with client(made) as http:
        answers = [
            (await http.post("/v1/messages/batches", json={}), 404, "not_found_error"),
            (await http.get("/v1/messages"), 405, "invalid_request_error"),
            (
                await http.post("/v1/messages", content=b"x" * (MAX_BODY_BYTES + 1)),
                413,
                "request_too_large",
            ),
            (await http.post("/v1/messages", content=b"{"), 400, "invalid_request_error"),
            (
                await http.post("/v1/messages", json=BODY, headers={"Authorization": "Bearer no"}),
                401,
                "authentication_error",
            ),
            (
                await http.get("/v1/models/none", headers={"anthropic-version": "2023-06-01"}),
                404,
                "not_found_error",
            ),
        ]
    for response, status, kind in answers:
        assert response.status_code == status
        error_of(response, kind)


async def test_a_crash_has_their_shape() -> None:
    class Broken:
        async def of(self, caller: object) -> Any:
            raise RuntimeError

    async with client(over(anthropic(), configuration=Broken())[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 500
    error_of(response, "api_error")


async def test_a_role_that_may_not_is_a_permission_error() -> None:
    documents = policy(models={"allow": ["other"]})
    async with client(over(anthropic(), documents=documents)[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 403
    assert error_of(response, "permission_error")["param"] == "model"


async def test_a_budget_is_a_billing_error_that_is_not_to_be_tried_again() -> None:
    limit = Limit(Measure.COST, "app-1", 5_000_000, Period.DAY)

    def refuses(claim: Claim) -> Decision:
        status = LimitStatus(limit, 0, 3_600.0)
        return Decision(Hold(claim.request_id, "org-1"), (status,), limit, 3_600.0)

    made, _ = over(anthropic(), ledger=Ledger(refuses=refuses))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 429
    assert error_of(response, "billing_error")["code"] == "insufficient_quota"
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["retry-after"] == "3600"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refusal_is_the_upstream_s_own_answer(status: int, stream: bool) -> None:
    made, sink = over(anthropic(REFUSAL, status))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY | {"stream": stream})
    assert response.status_code == status
    assert response.content == REFUSAL
    assert response.headers["request-id"] == sink.events[0].request_id
    assert "213462" not in repr(sink.events)
    assert sink.events[0].status == status


async def test_our_key_is_never_in_it() -> None:
    body = REFUSAL.replace(b"213462", KEY.encode())
    async with client(over(anthropic(body, 400))[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.content == REFUSAL.replace(b"213462", b"[key]")


async def test_a_refusal_that_is_a_page_is_told_in_our_words() -> None:
    upstream = anthropic(b"<html>too large</html>", 413, content_type="text/html")
    async with client(over(upstream)[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 413
    error_of(response, "request_too_large")


async def test_chat_completions_still_have_the_envelope() -> None:
    async with client(over(anthropic(REFUSAL, 400))[0]) as http:
        response = await http.post("/v1/chat/completions", json=BODY)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize(
    ("theirs", "kind", "status", "answer"),
    [
        (401, "authentication_error", 502, "api_error"),
        (402, "billing_error", 502, "api_error"),
        (403, "permission_error", 502, "api_error"),
    ],
)
async def test_what_is_our_own_fault_is_told_in_our_words(
    theirs: int, kind: str, status: int, answer: str
) -> None:
    body = orjson.dumps({"type": "error", "error": {"type": kind, "message": "your account"}})
    async with client(over(anthropic(body, theirs))[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == status
    assert error_of(response, answer)["code"] == "provider_misconfigured"
    assert b"your account" not in response.content


async def test_an_overloaded_provider_is_529() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    made, _ = over(anthropic(body, 529, retry_after="30"))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 529
    assert error_of(response, "overloaded_error")["code"] == "provider_overloaded"
    assert response.headers["retry-after"] == "30"


def test_an_error_without_a_code_has_none() -> None:
    body = orjson.loads(PROTOCOL.error_answer(GatewayError("No."), "req_1").body)
    assert ERROR.faults(body) == []
