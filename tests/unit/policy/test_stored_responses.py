"""Whether answers may be stored: nowhere unless a level says so, and no level forbids it."""

from __future__ import annotations

import orjson
import pytest
from tests.unit.gateway.parts import CALLER

from controlplane.domain.policy import EffectivePolicy, Level, PolicyDocument
from controlplane.errors import InvalidRequest
from controlplane.gateway.authorize import authorize
from controlplane.gateway.record import Trail
from controlplane.policy.effective import effective_policy
from controlplane.policy.stored_responses import STORED_RESPONSES, bound_storage
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.responses.request import ResponsesRequest, parse_responses_request


def policy(*stated: bool, **more: object) -> EffectivePolicy:
    """Of the organisation and, where there are two, the application."""
    levels = ((Level.ORGANIZATION, "org-1"), (Level.APPLICATION, "app-1"))
    documents = [
        PolicyDocument(level, subject, 1, {"stored_responses": value, **more})
        for (level, subject), value in zip(levels, stated, strict=False)
    ]
    return effective_policy(CALLER, documents)


def request(**body: object) -> ResponsesRequest:
    return parse_responses_request(orjson.dumps({"model": "m", **body}))


def authorized(asked: ResponsesRequest, rules: EffectivePolicy) -> ResponsesRequest:
    authorize(asked, rules, Trail("r", CALLER))
    return bound_storage(asked, rules)


@pytest.mark.parametrize(
    ("stated", "allowed"),
    [((), False), ((True,), True), ((False,), False), ((True, True), True), ((True, False), False)],
)
def test_privacy_wins(stated: tuple[bool, ...], allowed: bool) -> None:
    rules = policy(*stated)
    assert STORED_RESPONSES.of(rules) is allowed
    assert authorized(request(), rules).body.get("store") is (None if allowed else False)


def test_what_needs_it_is_refused_and_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        authorized(request(background=True), policy())
    assert (caught.value.param, caught.value.code) == ("background", "stored_responses_not_allowed")
    assert authorized(request(background=True), policy(True)).body["background"] is True


def test_on_trial_it_is_only_noted() -> None:
    documents = [
        PolicyDocument(Level.ORGANIZATION, "org-1", 1, {"stored_responses": True}),
        PolicyDocument(
            Level.APPLICATION, "app-1", 1, {"stored_responses": False, "mode": "shadow"}
        ),
    ]
    trail = Trail("r", CALLER)
    asked = request(store=True)
    rules = effective_policy(CALLER, documents)
    authorize(asked, rules, trail)
    assert bound_storage(asked, rules) is asked
    assert trail.shadow == ("stored_responses",)


def test_a_chat_is_not_concerned() -> None:
    chat = ChatRequest({"model": "m", "messages": [], "store": True})
    authorize(chat, policy(), Trail("r", CALLER))
    assert bound_storage(chat, policy()) is chat


def test_thoughts_that_are_only_named_are_left_out_and_named() -> None:
    """The Vercel AI SDK sends them so unless it is told that nothing is stored."""
    thought, said = {"type": "item_reference", "id": "rs_1"}, {"role": "user", "content": "Hi"}
    for allowed in (True, False):
        asked = authorized(request(input=[said, thought, said, {"id": "rs_2"}]), policy(allowed))
        assert asked.body["input"] == [said, said]
        assert asked.dropped == ("input.1.item_reference",)
    with pytest.raises(InvalidRequest) as caught:
        authorized(request(input=[said, {"type": "item_reference", "id": "msg_1"}]), policy())
    assert caught.value.param == "input.1"
