"""Embeddings whose input is tokens: read where their vocabulary is known, and refused elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.gateway.parts import gateway, policy
from tests.unit.gateway.test_embeddings import A, B, Embedding, call, run, vectors

from controlplane.domain.routing import Target
from controlplane.errors import InvalidRequest, SensitiveData

TOKENS: list[Any] = [[1212, 318, 257], [[1212], [318]]]


@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize(
    "screening",
    [{}, {"pii": "redact", "secrets": "off"}, {"pii": "off", "secrets": "block"}],
)
async def test_tokens_are_refused_where_data_must_stay_inside(
    tokens: Any, screening: dict[str, str]
) -> None:
    made, sink = gateway(
        {"a": Embedding(vectors())}, targets=(A,), documents=policy(screening=screening)
    )
    with pytest.raises(InvalidRequest) as caught:
        await run(made, call(tokens))
    assert (caught.value.param, caught.value.code) == ("input", "input_not_screenable")
    assert sink.events[0].model_requested == "m"


@pytest.mark.parametrize("tokens", TOKENS)
async def test_tokens_are_passed_on_elsewhere(tokens: Any) -> None:
    provider = Embedding(vectors())
    documents = policy(screening={"pii": "flag", "secrets": "off"})
    made, _ = gateway({"a": provider}, targets=(A,), documents=documents)
    await run(made, call(tokens))
    assert provider.asked[0][0].body["input"] == tokens


OPENAIS = Target("a", "text-embedding-3-small")
# "write to jane.doe@example.com please", in OpenAI's tokens, and "fine".
EMAIL_TOKENS = [5040, 311, 99706, 962, 4748, 36587, 916, 4587]
FINE_TOKENS = [63157]
UNKNOWN = 10**6


@pytest.mark.parametrize(
    ("tokens", "place"),
    [(EMAIL_TOKENS, "input"), ([FINE_TOKENS, EMAIL_TOKENS], "input.1")],
)
async def test_personal_data_is_found_in_tokens(tokens: Any, place: str) -> None:
    made, sink = gateway({"a": Embedding(vectors())}, targets=(OPENAIS,))
    with pytest.raises(SensitiveData) as caught:
        await run(made, call(tokens))
    assert caught.value.param == place
    assert sink.events[0].screening == {"email": 1}


@pytest.mark.parametrize(
    ("tokens", "sent"),
    [
        (EMAIL_TOKENS, "write to [EMAIL_1] please"),
        ([FINE_TOKENS, EMAIL_TOKENS], ["fine", "write to [EMAIL_1] please"]),
        (FINE_TOKENS, FINE_TOKENS),
        ([FINE_TOKENS, FINE_TOKENS], [FINE_TOKENS, FINE_TOKENS]),
    ],
)
async def test_only_redacted_tokens_are_sent_as_text(tokens: Any, sent: Any) -> None:
    provider = Embedding(vectors())
    documents = policy(screening={"pii": "redact"})
    made, _ = gateway({"a": provider}, targets=(OPENAIS,), documents=documents)
    await run(made, call(tokens))
    assert provider.asked[0][0].body["input"] == sent


async def test_findings_in_tokens_are_counted_where_they_pass() -> None:
    provider = Embedding(vectors())
    documents = policy(screening={"pii": "flag", "secrets": "off"})
    made, sink = gateway({"a": provider}, targets=(OPENAIS,), documents=documents)
    await run(made, call(EMAIL_TOKENS))
    assert provider.asked[0][0].body["input"] == EMAIL_TOKENS
    assert sink.events[0].screening == {"email": 1}


@pytest.mark.parametrize(
    ("tokens", "targets"),
    [
        ([UNKNOWN], (OPENAIS,)),
        ([FINE_TOKENS, [UNKNOWN]], (OPENAIS,)),
        # The other target reads something else in them.
        (FINE_TOKENS, (OPENAIS, B)),
    ],
)
async def test_tokens_that_nothing_reads_are_refused(tokens: Any, targets: Any) -> None:
    made, _ = gateway({"a": Embedding(vectors())}, targets=targets)
    with pytest.raises(InvalidRequest) as caught:
        await run(made, call(tokens))
    assert (caught.value.param, caught.value.code) == ("input", "input_not_screenable")
