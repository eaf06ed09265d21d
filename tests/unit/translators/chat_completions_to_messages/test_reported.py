"""What users of other gateways have reported, as requests and replies: `tests/fixtures/wire`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.providers.cases import FIXTURES, Upstream, read

from controlplane.domain.routing import Timeouts
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.chat_completions.request import ChatRequest, parse_chat_request

MODEL = "claude-sonnet-4-5"
CASES = {path.stem: read(path) for path in sorted((FIXTURES.parent / "wire").glob("*.json"))}


def right(name: str) -> list[Any]:
    """The cases that say what is right of `name`, as parameters of a test."""
    named = [case for case in CASES if name in CASES[case].get("right", ())]
    assert named
    return named


def upstream(reply: Any) -> Upstream:
    content = "".join(reply["pieces"]) if "pieces" in reply else json.dumps(reply["json"])
    return Upstream("anthropic", content.encode(), reply["status"])


def request(case: Any) -> ChatRequest:
    return parse_chat_request(json.dumps(case["request"]).encode())


@pytest.mark.parametrize("name", right("sent"))
async def test_what_is_sent(name: str) -> None:
    case = CASES[name]
    server = upstream(case["upstream_reply"])
    asked = request(case)
    assert server.provider.prepare(asked, MODEL).left_out == tuple(case["right"].get("ignored", ()))
    await server.provider.prepare(asked, MODEL).complete(Timeouts())
    assert server.sent == case["right"]["sent"]


@pytest.mark.parametrize("name", right("refused"))
def test_what_is_refused(name: str) -> None:
    case = CASES[name]
    server = upstream(case["upstream_reply"])
    with pytest.raises(UnsupportedParameter) as raised:
        server.provider.prepare(request(case), MODEL)
    assert raised.value.param == case["right"]["refused"]


@pytest.mark.parametrize("name", right("content"))
async def test_what_is_answered(name: str) -> None:
    case = CASES[name]
    server = upstream(case["upstream_reply"])
    answer = await server.provider.prepare(request(case), MODEL).complete(Timeouts())
    assert answer["choices"][0]["message"]["content"] == case["right"]["content"]


@pytest.mark.parametrize("name", right("usage"))
async def test_what_is_counted(name: str) -> None:
    case = CASES[name]
    server = upstream(case["upstream_reply"])
    chunks = [c async for c in server.provider.prepare(request(case), MODEL).stream(Timeouts())]
    assert chunks[-1]["usage"] == case["right"]["usage"]
