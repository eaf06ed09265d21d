"""The whole request path over parts in memory: what the caller gets, and what is on record."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.gateway.parts import (
    CALLER,
    Keys,
    Ledger,
    Scripted,
    body_of,
    call,
    chat_completion,
    chunks_of,
    completion,
    gateway,
    policy,
)

from controlplane.domain.access import Caller, Role
from controlplane.domain.inference import Body
from controlplane.domain.routing import Target
from controlplane.errors import (
    GatewayError,
    InvalidRequest,
    ModelNotFound,
    PermissionDenied,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    SensitiveData,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from controlplane.gateway.call import Call
from controlplane.gateway.pipeline import Gateway
from controlplane.providers.echo import EchoProvider


async def run(made: Gateway, incoming: Call) -> Body:
    async with chat_completion(incoming, made) as answer:
        return body_of(answer.content)


async def test_a_request_is_answered_and_recorded() -> None:
    made, sink = gateway()
    incoming = call("hello there", user="end-user-7")
    answer = await run(made, incoming)
    assert answer["choices"][0]["message"]["content"] == "hello there"
    (event,) = sink.events
    assert event.request_id == incoming.request_id
    assert (event.org_id, event.application_id, event.subject) == ("org-1", "app-1", "key:k1")
    assert (event.status, event.code) == (200, None)
    assert (event.model_requested, event.model_served, event.provider) == ("m", "echo-1", "echo")
    assert (event.tokens_input, event.tokens_output, event.cost_microusd) == (2, 2, 4)
    assert event.end_user == "end-user-7"
    assert event.policy_version == "default"
    assert len(event.attempts) == 1


async def test_the_event_holds_no_text_of_prompt_or_answer() -> None:
    made, sink = gateway({"echo": Scripted(completion("the answer is plover"))})
    await run(made, call("the word is xyzzy"))
    text = sink.events[0].to_json()
    assert "xyzzy" not in text
    assert "plover" not in text


@pytest.mark.parametrize("key", [None, "sk-cp-other", "some.jwt.token"])
async def test_a_failed_authentication_leaves_no_event(key: str | None) -> None:
    made, sink = gateway()
    with pytest.raises(Unauthenticated):
        await run(made, call(key=key))
    assert sink.events == []


@pytest.mark.parametrize(
    "credential", ["", "Basic abc", "Bearer", "Bearer  ", "sk-cp-test", "Bearer " + "x" * 9000]
)
async def test_malformed_credentials(credential: str) -> None:
    made, _ = gateway()
    with pytest.raises(Unauthenticated):
        await run(made, Call("r", credential, call().body))


async def test_the_key_store_down_is_503() -> None:
    class Down:
        async def find(self, presented: str) -> Caller | None:
            raise Unreachable("postgresql")

    made, _ = gateway(keys=Down())
    with pytest.raises(Unavailable) as caught:
        await run(made, call())
    assert caught.value.headers["Retry-After"]


async def test_the_rule_store_down_is_503_and_recorded() -> None:
    class Down:
        async def of(self, caller: Caller) -> Any:
            raise Unreachable("postgresql")

    made, sink = gateway(configuration=Down())
    with pytest.raises(Unavailable):
        await run(made, call())
    assert sink.events[0].status == 503


EMAIL = "write to jane.doe@example.com please"


async def test_personal_data_blocks_by_default() -> None:
    made, sink = gateway()
    with pytest.raises(SensitiveData) as caught:
        await run(made, call(EMAIL))
    error = caught.value
    assert (error.status, error.code, error.param) == (400, "pii_detected", "messages.0.content")
    assert "jane" not in error.message
    (event,) = sink.events
    assert (event.status, event.code) == (400, "pii_detected")
    assert event.screening == {"email": 1}
    assert "jane" not in event.to_json()


async def test_a_secret_blocks_by_default() -> None:
    made, sink = gateway()
    with pytest.raises(SensitiveData) as caught:
        await run(made, call("key AKIA" + "Y34FZKBOKMUTVV7B now"))
    assert caught.value.code == "secret_detected"
    assert sink.events[0].screening == {"secret": 1}


async def test_redaction_reaches_the_provider() -> None:
    provider = Scripted(completion())
    made, sink = gateway({"echo": provider}, documents=policy(screening={"pii": "redact"}))
    await run(made, call(EMAIL))
    assert provider.requests[0].body["messages"][0]["content"] == "write to [EMAIL_1] please"
    assert sink.events[0].screening == {"email": 1}


async def test_flag_passes_and_counts_and_off_does_not_even_count() -> None:
    for action, counted in (("flag", {"email": 1}), ("off", {})):
        provider = Scripted(completion())
        made, sink = gateway({"echo": provider}, documents=policy(screening={"pii": action}))
        await run(made, call(EMAIL))
        assert provider.requests[0].body["messages"][0]["content"] == EMAIL
        assert sink.events[0].screening == counted


@pytest.mark.parametrize("place", ["model", "user"])
async def test_a_found_value_is_not_recorded_where_it_stood(place: str) -> None:
    made, sink = gateway()
    with pytest.raises(SensitiveData):
        await run(made, call("hi", **{place: "jane.doe@example.com"}))
    assert "jane" not in sink.events[0].to_json()


async def test_the_request_limit() -> None:
    provider = EchoProvider()
    made, sink = gateway(
        {"echo": provider},
        documents=policy(rate_limits=[{"requests": 3, "window_seconds": 60}]),
    )
    results = await asyncio.gather(*(run(made, call()) for _ in range(10)), return_exceptions=True)
    refused = [error for error in results if isinstance(error, RateLimited)]
    assert len(refused) == 7
    assert provider.calls == 3
    assert refused[0].status == 429
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert refused[0].headers["x-ratelimit-limit-requests"] == "3"
    assert refused[0].headers["x-ratelimit-remaining-requests"] == "0"
    assert sorted(event.status for event in sink.events) == [200] * 3 + [429] * 7


async def test_without_redis_rates_are_counted_here_and_marked() -> None:
    made, sink = gateway(
        ledger=Ledger(fails=Unreachable("redis")),
        documents=policy(rate_limits=[{"requests": 1, "window_seconds": 60}]),
    )
    await run(made, call())
    with pytest.raises(RateLimited):
        await run(made, call())
    assert [event.degraded for event in sink.events] == [True, True]


async def test_without_redis_a_closed_policy_refuses() -> None:
    made, _ = gateway(
        ledger=Ledger(fails=Unreachable("redis")),
        documents=policy(when_redis_is_down={"rate": "closed"}),
    )
    with pytest.raises(Unavailable):
        await run(made, call())


async def test_model_access_role_and_application() -> None:
    made, _ = gateway(documents=policy(models={"allow": ["gpt-*"]}))
    with pytest.raises(PermissionDenied):
        await run(made, call())
    viewer = Caller("org-1", Role.VIEWER, application_id="app-1", user_id="u")
    nowhere = Caller("org-1", Role.ADMIN, user_id="u")
    for caller in (viewer, nowhere):
        made, sink = gateway(keys=Keys(caller))
        with pytest.raises(PermissionDenied):
            await run(made, call())
        assert sink.events[0].status == 403


async def test_an_unknown_model_is_404_and_recorded() -> None:
    made, sink = gateway()
    with pytest.raises(ModelNotFound) as caught:
        await run(made, call(model="nope"))
    assert (caught.value.status, caught.value.param) == (404, "model")
    assert sink.events[0].model_requested == "nope"


async def test_the_policy_bounds_the_output() -> None:
    provider = Scripted(completion())
    made, _ = gateway({"echo": provider}, documents=policy(max_output_tokens=100))
    await run(made, call())
    assert provider.requests[0].body["max_completion_tokens"] == 100
    await run(made, call(max_tokens=50))
    assert provider.requests[1].body["max_tokens"] == 50
    assert "max_completion_tokens" not in provider.requests[1].body
    with pytest.raises(InvalidRequest) as caught:
        await run(made, call(max_tokens=101))
    assert caught.value.param == "max_tokens"


async def test_a_bad_body_of_a_known_caller_is_recorded() -> None:
    made, sink = gateway()
    with pytest.raises(InvalidRequest):
        await run(made, Call("r", "Bearer sk-cp-test", b"{"))
    assert (sink.events[0].status, sink.events[0].model_requested) == (400, None)


async def test_provider_failures_are_recorded_with_their_attempts() -> None:
    dead = Scripted(ProviderError("status", "no", status=500))
    made, sink = gateway({"a": dead, "b": dead}, targets=(Target("a", "x"), Target("b", "y")))
    with pytest.raises(ProviderUnavailable):
        await run(made, call())
    assert sink.events[0].status == 502
    assert len(sink.events[0].attempts) == 3
    refusing = Scripted(ProviderError("status", "bad", status=400, param="n"))
    made, sink = gateway({"echo": refusing})
    with pytest.raises(ProviderRefused):
        await run(made, call())
    assert sink.events[0].status == 400


async def test_a_crash_is_recorded_too() -> None:
    made, sink = gateway({"echo": Scripted(ZeroDivisionError())})
    with pytest.raises(ZeroDivisionError):
        await run(made, call())
    assert (sink.events[0].status, sink.events[0].code) == (500, "internal_error")


async def test_a_model_without_a_price_has_no_cost() -> None:
    made, sink = gateway(
        {"echo": Scripted(completion(model="unpriced"))}, targets=(Target("echo", "unpriced"),)
    )
    await run(made, call())
    assert sink.events[0].cost_microusd is None
    assert sink.events[0].tokens_input == 3


async def test_a_served_name_without_a_price_costs_what_was_asked_for() -> None:
    made, sink = gateway({"echo": Scripted(completion(model="unpriced"))})
    await run(made, call())
    assert sink.events[0].cost_microusd == 5


async def test_a_stream_is_recorded_when_it_ends() -> None:
    made, sink = gateway()
    async with chat_completion(call("one two three", stream=True), made) as answer:
        chunks = [chunk async for chunk in chunks_of(answer.content)]
        assert sink.events == []
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks)
    assert text.split() == ["one", "two", "three"]
    (event,) = sink.events
    assert (event.stream, event.status, event.tokens_output) == (True, 200, 3)


async def test_a_caller_who_leaves_a_stream_is_recorded() -> None:
    made, sink = gateway()

    async def leave() -> None:
        async with chat_completion(call("one two", stream=True), made) as answer:
            await anext(chunks_of(answer.content))
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await leave()
    assert (sink.events[0].status, sink.events[0].code) == (499, "client_closed_request")


async def test_every_refusal_is_openais_envelope() -> None:
    made, _ = gateway()
    for incoming in (call(EMAIL), call(model="nope"), call(key=None), call(n=0)):
        with pytest.raises(GatewayError) as caught:
            await run(made, incoming)
        error = caught.value.envelope()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"].endswith(".")


async def test_facts_of_the_caller_come_from_the_credential_alone() -> None:
    made, sink = gateway()
    await run(made, call(org_id="org-2", application_id="app-2"))
    assert sink.events[0].org_id == CALLER.org_id
    assert sink.events[0].application_id == CALLER.application_id
