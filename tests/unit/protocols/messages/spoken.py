"""Messages as events, and what screening makes of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import orjson
from hypothesis import strategies as st
from tests.unit.gateway.parts import CALLER, body_of, chunks_of

from controlplane.domain.inference import AsItCame, Event
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.screening import Answers, ScreeningPolicy
from controlplane.protocols.messages.protocol import PROTOCOL
from controlplane.screening.redact import Tokens

REDACT = ScreeningPolicy(responses=Answers.REDACT)
BLOCK = ScreeningPolicy(responses=Answers.BLOCK)
RESTORE = ScreeningPolicy(restore=True)
VALUES = ["ana@example.com", "bob@example.org", "4111 1111 1111 1111", "192.168.100.200"]
PLAIN = "It is 42, and so on, until the end of it."
TEXTS = st.lists(st.sampled_from([*VALUES, "Plain words.", PLAIN]), min_size=1, max_size=5).map(
    " and so ".join
)
# Kind of a block, and its text.
Said = list[tuple[str, str]]
DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


def event(kind: str, **members: Any) -> AsItCame:
    made = {"type": kind, **members}
    return AsItCame(made, json.dumps(made).encode())  # with blanks, as no writer of ours has them


def block_of(kind: str, index: int) -> dict[str, Any]:
    if kind == "tool_use":
        return {"type": kind, "id": f"toolu_{index}", "name": "f", "input": {}}
    return {"type": kind, kind: "", **({"signature": ""} if kind == "thinking" else {})}


def delta(index: int, kind: str, text: str) -> AsItCame:
    name, member = DELTAS[kind]
    return event("content_block_delta", index=index, delta={"type": name, member: text})


def spoken(blocks: list[tuple[str, list[str]]]) -> list[AsItCame]:
    """The events of a Message whose blocks come in these pieces."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
    }
    message |= {"stop_reason": None, "stop_sequence": None, "usage": usage}
    events = [event("message_start", message=message)]
    for index, (kind, pieces) in enumerate(blocks):
        events.append(
            event("content_block_start", index=index, content_block=block_of(kind, index))
        )
        for piece in pieces:
            events += [delta(index, kind, piece), event("ping")]
        if kind == "thinking":
            signed = {"type": "signature_delta", "signature": "c2lnbmVk"}
            events.append(event("content_block_delta", index=index, delta=signed))
        events.append(event("content_block_stop", index=index))
    ends = {"stop_reason": "end_turn", "stop_sequence": None}
    return [*events, event("message_delta", delta=ends, usage=usage), event("message_stop")]


async def screened(
    events: list[AsItCame],
    policy: ScreeningPolicy,
    tokens: Tokens | None = None,
    shown: list[Event] | None = None,
) -> list[Event]:
    shown = [] if shown is None else shown

    async def coming() -> AsyncIterator[Event]:
        for each in events:
            yield each

    answer = Streamed(coming())
    async with screen_answer(
        answer, PROTOCOL, policy, tokens or Tokens(), Trail("r-1", CALLER)
    ) as content:
        async for each in chunks_of(content):
            shown.append(each)
    return shown


def heard(events: list[Event]) -> Said:
    """The blocks and what they say; each delta is inside its block."""
    said: Said = []
    open_block: int | None = None
    for each in events:
        if each["type"] == "content_block_start":
            assert open_block is None
            open_block = each["index"]
            said.append((each["content_block"]["type"], ""))
        elif each["type"] == "content_block_stop":
            assert open_block == each["index"]
            open_block = None
        elif each["type"] == "content_block_delta":
            assert open_block == each["index"]
            kind, text = said[-1]
            said[-1] = kind, text + each["delta"].get(DELTAS[kind][1], "")
    return said


async def whole(said: Said, policy: ScreeningPolicy, tokens: Tokens | None = None) -> Said:
    content = [
        {**block_of(kind, at), "input": orjson.loads(text)}
        if kind == "tool_use"
        else {**block_of(kind, at), kind: text}
        for at, (kind, text) in enumerate(said)
    ]
    answer = Whole({"type": "message", "content": content})
    trail = Trail("r-1", CALLER)
    async with screen_answer(answer, PROTOCOL, policy, tokens or Tokens(), trail) as shown:
        blocks = body_of(shown)["content"]
    return [
        (
            kind,
            json.dumps(block["input"], separators=(",", ":"))
            if kind == "tool_use"
            else block[kind],
        )
        for (kind, _), block in zip(said, blocks, strict=True)
    ]


def cut(text: str, data: st.DataObject) -> list[str]:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=5)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
