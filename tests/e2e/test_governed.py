"""Replays, budgets and kept texts through the official client and the running stack."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import openai
import orjson
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from tests.e2e.conftest import MakeKey, Stack, chat

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]


def client(stack: Stack, key: str) -> OpenAI:
    return OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=key)


def once(key: str) -> Mapping[str, str]:
    return {"Idempotency-Key": key}


def test_the_same_key_and_body_is_answered_once(stack: Stack, make_key: MakeKey) -> None:
    asked = client(stack, make_key()).chat.completions.with_raw_response
    before = stack.calls("openai")
    answers = [
        asked.create(model="gpt-6-luna", messages=HELLO, extra_headers=once("order-1"))
        for _ in range(3)
    ]
    assert stack.calls("openai") == before + 1
    assert len({answer.parse().id for answer in answers}) == 1
    assert [answer.headers.get("x-llm-cp-replayed") for answer in answers] == [None, "true", "true"]
    records = [stack.record(answer.headers["x-request-id"]) for answer in answers]
    assert [record["replayed"] for record in records] == [False, True, True]
    assert [bool(record["cost_microusd"]) for record in records] == [True, False, False]


def test_another_body_under_the_key_is_a_conflict_that_is_not_repeated(
    stack: Stack, make_key: MakeKey
) -> None:
    asked = client(stack, make_key()).chat.completions
    asked.create(model="gpt-6-luna", messages=HELLO, extra_headers=once("order-2"))
    before = stack.calls("openai")
    with pytest.raises(openai.ConflictError) as conflict:
        asked.create(model="gpt-6-luna", messages=HELLO, n=2, extra_headers=once("order-2"))
    assert conflict.value.code == "idempotency_key_reused"
    assert stack.calls("openai") == before


def test_keys_of_two_callers_do_not_meet(stack: Stack, make_key: MakeKey) -> None:
    before = stack.calls("openai")
    for key in (make_key(), make_key()):
        client(stack, key).chat.completions.create(
            model="gpt-6-luna", messages=HELLO, extra_headers=once("order-3")
        )
    assert stack.calls("openai") == before + 2


def test_a_failed_request_frees_its_key(stack: Stack, make_key: MakeKey) -> None:
    key = make_key()
    asked = client(stack, key).with_options(max_retries=0).chat.completions
    for provider in ("openai", "azure"):
        stack.simulate(provider, {"kind": "status", "status": 401}, times=1)
    with pytest.raises(openai.APIStatusError) as failure:
        asked.create(model="gpt-6-luna", messages=HELLO, extra_headers=once("order-4"))
    assert failure.value.status_code == 502
    assert asked.create(model="gpt-6-luna", messages=HELLO, extra_headers=once("order-4")).id


def test_a_cap_that_is_used_up_is_told_and_not_tried_again(stack: Stack, make_key: MakeKey) -> None:
    """A tenth of a cent is less than the worst case of this request."""
    key = make_key(cost_caps=[{"usd": "0.000100", "period": "day"}])
    before = stack.calls("openai")
    with pytest.raises(openai.RateLimitError) as refusal:
        client(stack, key).chat.completions.create(model="gpt-6-luna", messages=HELLO)
    assert refusal.value.code == "insufficient_quota"
    assert refusal.value.response.headers["x-should-retry"] == "false"
    assert stack.calls("openai") == before


def test_what_a_request_cost_is_what_the_cap_has_less(stack: Stack, make_key: MakeKey) -> None:
    key = make_key(cost_caps=[{"usd": "1.00", "period": "month"}])
    answer = chat(stack, key, max_tokens=20)
    assert answer.status_code == 200, answer.text
    record = stack.record(answer.headers["x-request-id"])
    application = record["application_id"]
    reconciled, error = stack.invoke({"type": "ledger-reconcile", "org_id": "org-default"})
    assert error is None, reconciled
    assert record["cost_microusd"] > 0
    assert record["admitted_at"]
    usage = stack.admin.get("/admin/v1/usage", params={"application_id": application}).json()
    assert usage["totals"]["cost_usd"] == answer.headers["x-llm-cp-cost-usd"]


def test_texts_are_kept_where_the_policy_says_so(stack: Stack, make_key: MakeKey) -> None:
    key = make_key(store_payloads=True, screening={"pii": "redact"})
    messages = [{"role": "user", "content": "Write to ana@example.com, please."}]
    answer = chat(stack, key, messages=messages)
    record = stack.record(answer.headers["x-request-id"])
    kept = stack.aws("s3").get_object(Bucket=stack.env["AUDIT_BUCKET"], Key=record["payload_key"])
    texts: Any = orjson.loads(gzip.decompress(kept["Body"].read()))
    assert texts["answer"] == answer.json()
    assert "ana@example.com" not in str(texts["request"])
    assert "please." in texts["request"]["messages"][0]["content"]
