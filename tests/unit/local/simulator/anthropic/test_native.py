"""Messages as agents send them: betas, signed thoughts, server tools, cache marks."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.unit.local.simulator.conftest import MESSAGES, SimulatedProvider, named_events
from tests.wire_types import anthropic_types as types

from controlplane.local.simulator.anthropic.blocks import REDACTED
from controlplane.local.simulator.asks import REFUSED
from controlplane.local.simulator.wire import API_KEY, OTHER_API_KEY

MODEL = "claude-opus-5-5"
ADAPTIVE = {"type": "adaptive", "display": "summarized"}
BASH = {
    "name": "Bash",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}},
    "cache_control": {"type": "ephemeral"},
}
DEFERRED = {**BASH, "name": "Later", "defer_loading": True}
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
MANY = [{**BASH, "name": f"Tool{number}"} for number in range(9)]
AGENT: dict[str, Any] = {
    "max_tokens": 128_000,
    "system": [
        {"type": "text", "text": "x-first: block"},
        {"type": "text", "text": "s" * 400, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "s" * 200, "cache_control": {"type": "ephemeral", "ttl": "5m"}},
        {"type": "text", "text": "s" * 100, "cache_control": {"type": "ephemeral"}},
    ],
    "thinking": ADAPTIVE,
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "output_config": {"effort": "high"},
    "metadata": {"user_id": json.dumps({"session_id": "s"})},
    "tools": [*MANY, BASH, DEFERRED],
    "some_later_field": {"a": 1},
}


class Agent:
    """Calls as Claude Code makes them."""

    def __init__(self, provider: SimulatedProvider) -> None:
        self.provider = provider

    async def post(
        self, *messages: dict[str, Any], headers: dict[str, str] | None = None, **body: Any
    ) -> httpx.Response:
        """A message to `?beta=true`, with all that an agent sends."""
        return await self.provider.client.post(
            "/anthropic/v1/messages",
            params={"beta": "true"},
            json={"model": MODEL, **AGENT, "messages": messages or MESSAGES, **body},
            headers={
                "authorization": f"Bearer {API_KEY}",
                "anthropic-version": "2026-10-21",
                "anthropic-beta": "claude-code-20250219,never-heard-of-2099-01-01",
                **(headers or {}),
            },
        )


@pytest.fixture
def agent(provider: SimulatedProvider) -> Agent:
    """An agent of a simulator of its own."""
    return Agent(provider)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def refusal(response: httpx.Response) -> str:
    assert response.status_code == 400, response.text
    assert types.ERROR.faults(response.json()) == []
    return str(response.json()["error"]["message"])


async def test_a_turn_of_an_agent(agent: Agent) -> None:
    start = user('Please call Bash {"command": "ls -l"} now.')
    aside = {"role": "system", "content": "Some files were changed."}
    made = (await agent.post(start, aside)).json()
    assert [block["type"] for block in made["content"]] == ["thinking", "tool_use"]
    use = made["content"][1]
    assert (use["name"], use["input"]) == ("Bash", {"command": "ls -l"})
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": "README.md"}
    reminder = {"type": "text", "text": "<system-reminder>call nothing</system-reminder>"}
    turns = [{"role": "assistant", "content": made["content"]}]
    turns.append({"role": "user", "content": [result, reminder]})
    answer = (await agent.post(start, aside, *turns)).json()
    assert answer["stop_reason"] == "end_turn"
    assert answer["content"][-1]["text"].endswith("The tool said: README.md")


BODIES: dict[str, dict[str, Any]] = {
    "text": {},
    "tools": {"messages": [user('call Bash {"command": "a"} and call Tool1 {}')]},
    "search": {"tools": [SEARCH], "messages": [user("Perform a web search for the query: cats")]},
    "forced search": {
        "tools": [SEARCH, BASH],
        "tool_choice": {"type": "tool", "name": "web_search"},
        "thinking": {"type": "disabled"},
    },
    "redacted": {"messages": [user(f"{REDACTED}_46C9A13E193C177646C7398A98432ECC")]},
    "omitted": {"thinking": {"type": "adaptive", "display": "omitted"}},
    "refused": {"messages": [user(REFUSED)]},
}


@pytest.mark.parametrize("name", BODIES)
async def test_the_stream_adds_up_to_the_whole_answer(agent: Agent, name: str) -> None:
    whole = (await agent.post(**BODIES[name])).json()
    assert types.BETA_MESSAGE.faults(whole) == []
    sent = named_events(await agent.post(**BODIES[name], stream=True))
    for event in sent:
        assert types.BETA_EVENT.faults(event) == [], event
    assert {"type": "ping"} in sent
    end = sent[-2]
    assert end["delta"] == {name: whole[name] for name in end["delta"]}
    assert end["usage"].items() <= whole["usage"].items()
    assert end["context_management"] == whole["context_management"]
    blocks = [joined(sent, index) for index in range(len(whole["content"]))]
    assert [b | {"id": "", "tool_use_id": ""} for b in blocks] == [
        b | {"id": "", "tool_use_id": ""} for b in whole["content"]
    ]


def joined(sent: list[dict[str, Any]], index: int) -> dict[str, Any]:
    """The block that its events make."""
    mine = [event for event in sent if event.get("index") == index]
    block = dict(mine[0]["content_block"])
    for delta in (event["delta"] for event in mine if "delta" in event):
        for field, value in delta.items():
            if field in ("text", "thinking", "signature"):
                block[field] += value
            elif field == "partial_json":
                block["json"] = block.get("json", "") + value
            elif field == "citation":
                block["citations"] = [*block["citations"], value]
    if "json" in block:
        block["input"] = json.loads(block.pop("json"))
    return block


async def test_what_a_search_says(agent: Agent) -> None:
    whole = (await agent.post(**BODIES["search"])).json()
    _, use, found, text = whole["content"]
    assert use["input"] == {"query": "cats"}
    assert found["tool_use_id"] == use["id"]
    assert text["citations"][0]["url"] == found["content"][0]["url"]
    assert whole["usage"]["server_tool_use"]["web_search_requests"] == 1
    turns = [*BODIES["search"]["messages"], {"role": "assistant", "content": whole["content"]}]
    again = await agent.post(*turns, user("Thanks"), tools=[SEARCH])
    assert again.status_code == 200
    found["content"][0]["encrypted_content"] = "AAAA"
    changed = await agent.post(*turns, user("Thanks"), tools=[SEARCH])
    assert "Invalid `encrypted_content` in `search_result` block" in refusal(changed)


async def test_the_caches_part_in_the_usage(agent: Agent) -> None:
    usage = (await agent.post()).json()["usage"]
    assert usage["cache_creation"] == {
        "ephemeral_1h_input_tokens": 100,
        "ephemeral_5m_input_tokens": 50,
    }
    assert (usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]) == (150, 25)
    assert (usage["service_tier"], usage["inference_geo"]) == ("standard", "global")
    assert usage["output_tokens_details"] == {"thinking_tokens": 6}
    start, *_, end, _ = named_events(await agent.post(stream=True))
    assert start["message"]["usage"]["cache_creation"] == usage["cache_creation"]
    assert end["usage"]["cache_creation_input_tokens"] == 150


@pytest.mark.parametrize("kind", ["text", "omitted", "redacted"])
async def test_thoughts_go_back_as_they_were(agent: Agent, kind: str) -> None:
    body = BODIES[kind]
    content = (await agent.post(**body)).json()["content"]
    thought = content[0]

    async def back(block: dict[str, Any], **more: Any) -> httpx.Response:
        turns = [{"role": "assistant", "content": [block, *content[1:]]}, user("Go on")]
        return await agent.post(*MESSAGES, *turns, **more)

    assert (await back(thought)).status_code == 200
    field = "data" if kind == "redacted" else "signature"
    words = f"messages.1.content.0: Invalid `{field}` in `{thought['type']}` block"
    assert refusal(await back({**thought, field: "AAAA" + thought[field][4:]})) == words
    assert refusal(await back({**thought, field: "not base64"})) == words
    assert refusal(await back(thought, model="claude-sonnet-5-5")) == words
    other = {"authorization": f"Bearer {OTHER_API_KEY}"}
    assert refusal(await back(thought, headers=other)) == words
    if kind != "redacted":
        said = refusal(await back({**thought, "thinking": "Something else."}))
        assert "cannot be modified. These blocks must remain as they were" in said


async def test_only_betas_bring_unknown_parameters(provider: SimulatedProvider) -> None:
    said = refusal(await provider.anthropic(some_later_field=1))
    assert said == "some_later_field: Extra inputs are not permitted"


async def test_several_tools_at_once_or_one(agent: Agent) -> None:
    asked = user('call Bash {"command": "a"} and call Tool1 {}')
    for choice, names in (({}, ["Bash", "Tool1"]), ({"disable_parallel_tool_use": True}, ["Bash"])):
        made = (await agent.post(asked, tool_choice={"type": "auto", **choice})).json()["content"]
        assert [block["name"] for block in made if block["type"] == "tool_use"] == names


async def test_a_deferred_tool_is_not_called_unasked(agent: Agent) -> None:
    (_, use) = (await agent.post(tools=[DEFERRED, BASH])).json()["content"]
    assert use["name"] == "Bash"


async def test_an_event_of_a_later_version(agent: Agent) -> None:
    await agent.provider.fault("unknown", provider="anthropic", times=1)
    sent = named_events(await agent.post(stream=True))
    assert "simulated_unknown" in [event["type"] for event in sent]
    assert sent[-1] == {"type": "message_stop"}


async def test_a_prompt_that_is_too_long(provider: SimulatedProvider) -> None:
    said = refusal(await provider.anthropic(model="sim-too-long"))
    assert said == "prompt is too long: 200523 tokens > 200000 maximum"
