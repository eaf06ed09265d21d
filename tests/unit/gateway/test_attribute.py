"""What a request belongs to is recorded, by its headers or by its body."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.datastructures import Headers
from tests.unit.gateway.parts import call, chat_completion, gateway, policy

from controlplane.api.inbound import attribution
from controlplane.domain.attribution import MAX_TAGS, Attribution
from controlplane.errors import InvalidRequest
from controlplane.protocols.messages.request import MessagesRequest


async def recorded(headers: dict[str, str], **body: Any) -> Attribution:
    made, sink = gateway(documents=policy(screening={"pii": "redact", "secrets": "block"}))
    asked = replace(call(**body), attribution=attribution(Headers(headers)))
    async with chat_completion(asked, made):
        pass
    (event,) = sink.events
    return Attribution(event.session_id, event.agent_id, event.tags)


@pytest.mark.parametrize("name", ["X-Claude-Code-Session-Id", "session-id", "x-session-id"])
async def test_a_session_by_its_header(name: str) -> None:
    found = await recorded({name: "s-1", "x-claude-code-agent-id": "a-1"}, prompt_cache_key="k")
    assert found == Attribution("s-1", "a-1")


async def test_a_session_by_its_body() -> None:
    assert (await recorded({}, prompt_cache_key="k")).session_id == "k"
    assert (await recorded({}, prompt_cache_key=7)).session_id is None


@pytest.mark.parametrize("id_", ["x" * 129, "ä", "a\tb"])
async def test_what_is_no_plain_id_is_recorded_as_a_digest(id_: str) -> None:
    found = (await recorded({}, prompt_cache_key=id_)).session_id
    assert found is not None
    assert found.startswith("sha256:")
    assert len(found) == len("sha256:") + 32
    assert found == (await recorded({}, prompt_cache_key=id_)).session_id


async def test_an_address_is_no_id() -> None:
    assert (await recorded({"session-id": "ana@example.org"})).session_id != "ana@example.org"
    assert (await recorded({}, prompt_cache_key="ana@example.org")).session_id == "[EMAIL_1]"


async def test_tags_of_the_header_come_before_those_of_the_body() -> None:
    found = await recorded(
        {"x-llm-cp-tags": "team:search, nightly,nightly"},
        metadata={"run": "7", "long": "x" * 65, "list": "a,b", "none": None},
    )
    assert found.tags == ("team:search", "nightly", "run:7")


async def test_there_are_ten_at_most() -> None:
    names = {f"n{index}": "v" for index in range(16)}
    assert len((await recorded({}, metadata=names)).tags) == MAX_TAGS


@pytest.mark.parametrize("tags", [",".join("abcdefghijk"), "x" * 65, "a,,b", "a,"])
def test_tags_that_are_none_are_refused(tags: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        attribution(Headers({"x-llm-cp-tags": tags}))
    assert raised.value.param == "x-llm-cp-tags"
    assert tags not in raised.value.message


async def test_no_personal_data_is_recorded_as_a_tag() -> None:
    found = await recorded(
        {"x-llm-cp-tags": "by:ana@example.org, nightly"}, metadata={"to": "bob@example.org"}
    )
    assert found.tags == ("nightly", "to:[EMAIL_1]")


async def test_what_is_only_counted_is_no_tag_either() -> None:
    made, sink = gateway(documents=policy(screening={"pii": "flag"}))
    async with chat_completion(call(metadata={"to": "bob@example.org", "run": "7"}), made):
        pass
    assert sink.events[0].tags == ("run:7",)


@pytest.mark.parametrize(
    ("user", "session"),
    [
        ('{"device_id": "d", "session_id": "s-1"}', "s-1"),
        ("user_1", "user_1"),
        ('{"session_id": 7}', '{"session_id": 7}'),
        ("{broken", "{broken"),
        (None, None),
    ],
)
def test_the_session_of_a_message(user: str | None, session: str | None) -> None:
    request = MessagesRequest({"metadata": {"user_id": user}} if user else {})
    assert (request.session_id, request.tags) == (session, ())


def test_a_message_that_thinks_within_a_budget_needs_more_than_that() -> None:
    thinking = {"type": "enabled", "budget_tokens": 8_000}
    assert MessagesRequest({"thinking": thinking}).least_output == 8_001
    assert MessagesRequest({"thinking": {"type": "adaptive"}}).least_output == 0
