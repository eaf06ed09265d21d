"""Whatever a request holds, it is translated or refused, and never changed."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from tests.unit.translators.broken import broken
from tests.unit.translators.pairs import TO_CHAT, TO_RESPONSES, Pair, request_faults
from tests.unit.translators.test_nothing_is_lost import chat_body, responses_body
from tests.wire_types.typed_dicts import changes

from controlplane.errors import InvalidRequest, UnsupportedParameter
from controlplane.protocols.chat_completions.request import parse_chat_request

SUBJECTS = {
    TO_CHAT: (ResponseCreateParamsNonStreaming, responses_body),
    TO_RESPONSES: (CompletionCreateParamsNonStreaming, chat_body),
}
REQUESTS = {
    pair: [around(change.after) for change in changes(kind)]
    for pair, (kind, around) in SUBJECTS.items()
}


def refusal(pair: Pair, body: Any, *, lenient: bool) -> UnsupportedParameter | None:
    try:
        pair.translate(body, lenient=lenient)
    except UnsupportedParameter as refused:
        return refused
    return None


@given(broken(st.sampled_from(REQUESTS[TO_CHAT])), st.booleans())
def test_a_request_of_responses_is_translated_or_refused(body: Any, lenient: bool) -> None:
    kept = copy.deepcopy(body)
    refused = refusal(TO_CHAT, body, lenient=lenient)
    assert refused is None or refused.param
    assert body == kept


@given(broken(st.sampled_from(REQUESTS[TO_RESPONSES])), st.booleans())
def test_a_chat_request_is_translated_or_refused(body: Any, lenient: bool) -> None:
    try:
        parse_chat_request(orjson.dumps(body))
    except InvalidRequest:
        return
    kept = copy.deepcopy(body)
    refused = refusal(TO_RESPONSES, body, lenient=lenient)
    assert refused is None or refused.param
    assert body == kept


@pytest.mark.parametrize("pair", SUBJECTS, ids=lambda pair: pair.name)
def test_what_is_sent_of_a_request_of_the_package_is_one_of_the_package(pair: Pair) -> None:
    faults: dict[int, list[str]] = {}
    sent = 0
    for number, body in enumerate(REQUESTS[pair]):
        if request_faults(pair.spoken, body) or refusal(pair, body, lenient=False):
            continue
        sent += 1
        if found := request_faults(pair.target, dict(pair.translate(body).request.body)):
            faults[number] = found
    assert faults == {}
    assert sent > 150
