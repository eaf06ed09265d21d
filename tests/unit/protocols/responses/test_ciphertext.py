"""Encrypted content is not searched for keys: chance makes them."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from tests.unit.gateway.parts import CALLER, body_of
from tests.unit.protocols.responses.answers import message, response

from controlplane.errors import SensitiveData
from controlplane.gateway.call import Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen import screen
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.screening import Action, Answers, ScreeningPolicy
from controlplane.protocols.responses.protocol import PROTOCOL
from controlplane.protocols.responses.request import ResponsesRequest, parse_responses_request
from controlplane.screening.redact import Tokens
from controlplane.screening.scan import scan

# As it may stand in the middle of what looks like nothing.
CHANCE = f"{'gAAAAABo' * 40}-sk-HdyJaNfD56X41zZwmHqq3HcSVYBG4ju5kBQ45WxQCWnrOcGF-{'x9Zq' * 40}=="
BLOCK = ScreeningPolicy(pii=Action.BLOCK, secrets=Action.BLOCK, responses=Answers.BLOCK)
REDACT = ScreeningPolicy(pii=Action.REDACT, secrets=Action.REDACT, responses=Answers.REDACT)


def thought(content: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": content}


def asked(*items: dict[str, Any]) -> ResponsesRequest:
    return parse_responses_request(orjson.dumps({"model": "m", "input": [*items]}))


def screened(request: ResponsesRequest, policy: ScreeningPolicy) -> ResponsesRequest:
    return screen(request, PROTOCOL, policy, Trail("r", CALLER))[0]


def test_it_looks_like_a_key() -> None:
    assert scan({"input": CHANCE})


@pytest.mark.parametrize("kind", ["reasoning", "compaction"])
def test_a_request_passes_with_it_unchanged(kind: str) -> None:
    request = asked({**thought(CHANCE), "type": kind})
    assert screened(request, BLOCK) is request
    assert screened(request, REDACT) is request


def test_what_is_redacted_beside_it_leaves_it_as_it_is() -> None:
    request = asked(thought(CHANCE), {"role": "user", "content": "I am ana@example.com"})
    sent = screened(request, REDACT).body["input"]
    assert sent == [thought(CHANCE), {"role": "user", "content": "I am [EMAIL_1]"}]
    assert request.body["input"][0] == thought(CHANCE)


@pytest.mark.parametrize(
    "content",
    [
        "sk-HdyJaNfD56X41zZwmHqq3HcSVYBG4ju5kBQ45WxQCWnrOcGF",
        "of ana@example.com",
        f"{CHANCE} and ana@example.com",
    ],
)
def test_what_is_none_is_blocked_there_as_anywhere(content: str) -> None:
    with pytest.raises(SensitiveData) as caught:
        screened(asked(thought(content)), BLOCK)
    assert caught.value.param == "input.0.encrypted_content"


@pytest.mark.parametrize("policy", [BLOCK, REDACT], ids=["block", "redact"])
async def test_an_answer_passes_with_it(policy: ScreeningPolicy) -> None:
    answer = response(thought(CHANCE), message("Plain words."))
    trail = Trail("r", CALLER)
    async with screen_answer(Whole(answer), PROTOCOL, policy, Tokens(), trail) as content:
        assert body_of(content) == answer
    assert trail.screening == {}


async def test_an_answer_that_is_redacted_keeps_it() -> None:
    answer = response(thought(CHANCE), message("Of ana@example.com."))
    trail = Trail("r", CALLER)
    async with screen_answer(Whole(answer), PROTOCOL, REDACT, Tokens(), trail) as content:
        shown = body_of(content)["output"]
    assert shown[0] == thought(CHANCE)
    assert "ana@example.com" not in json.dumps(shown)
