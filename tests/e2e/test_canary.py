"""No prompt, key or found value is kept: each has a canary, and everything kept is read."""

from __future__ import annotations

import gzip
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import psycopg
import redis
from tests.e2e.conftest import MakeKey, Stack

from controlplane.domain.keys import KeyHasher

RUN = uuid.uuid4().hex[:8]
# One word per place that a request has, so that what leaks says where from.
SYSTEM, PROMPT, TOOL_CALL, TOOL_RESULT, TOOL, INPUT = WORDS = tuple(
    f"canary{RUN}{place}"
    for place in ("system", "prompt", "toolcall", "toolresult", "tool", "input")
)
# Recorded as a tag, as it is meant to be; what is blocked or redacted in it is not.
METADATA = f"tag{RUN}metadata"
# What screening finds; the user's own name is a finding too, as the audit event has that field.
EMAIL, USER = f"found{RUN}@example.com", f"user{RUN}@example.com"
SSN, CARD = "536-90-4271", "4929 1234 5678 9007"
SECRET = f"sk-ant-api03-{RUN * 11}QmZ7-AA"
VALUES = (EMAIL, USER, SSN, CARD, SECRET)

MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"
# No caller is known, or nothing is asked of a model: there is no audit record.
UNRECORDED = ("wrong key", "tried")


def conversation(*, findings: bool) -> dict[str, Any]:
    """A request with a canary in every place, and with values for screening if `findings`."""
    found = ", ".join(VALUES) if findings else ""
    function = {"name": "look_up", "arguments": orjson.dumps({"q": TOOL_CALL + found}).decode()}
    call = {"id": "call_1", "type": "function", "function": function}
    described = {"name": "look_up", "description": TOOL + found, "parameters": {"type": "object"}}
    return {
        "model": "gpt-5.5",
        "messages": [
            {"role": "system", "content": f"{SYSTEM} {found}"},
            {"role": "user", "content": [{"type": "text", "text": f"{PROMPT} {found}"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": f"{TOOL_RESULT} {found}"},
        ],
        "tools": [{"type": "function", "function": described}],
        "tool_choice": "none",
        "user": USER if findings else f"anyone{RUN}",
        "metadata": {"note": f"{METADATA} {EMAIL if findings else ''}"},
        "store": True,
    }


def messages_conversation(*, findings: bool) -> dict[str, Any]:
    """The same in Anthropic's words."""
    found = ", ".join(VALUES) if findings else ""
    text = [{"type": "text", "text": f"{PROMPT} {found}"}]
    call = {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "look_up",
        "input": {"q": TOOL_CALL + found},
    }
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": TOOL_RESULT + found}
    return {
        "model": "claude-sonnet-5-5",
        "max_tokens": 64,
        "system": [{"type": "text", "text": f"{SYSTEM} {found}"}],
        "messages": [
            {"role": "user", "content": text},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
        "tools": [
            {"name": "look_up", "description": TOOL + found, "input_schema": {"type": "object"}}
        ],
        "metadata": {"user_id": USER if findings else f"anyone{RUN}"},
    }


def responses_input(*, findings: bool) -> dict[str, Any]:
    """The same as items of OpenAI's newer API."""
    found = ", ".join(VALUES) if findings else ""
    called = {"call_id": "call_1", "name": "look_up"}
    arguments = orjson.dumps({"q": TOOL_CALL + found}).decode()
    result = {"call_id": "call_1", "output": f"{TOOL_RESULT} {found}"}
    described = {"name": "look_up", "description": TOOL + found, "parameters": {"type": "object"}}
    return {
        "model": "gpt-5.5",
        "instructions": f"{SYSTEM} {found}",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": f"{PROMPT} {found}"}]},
            {"type": "function_call", **called, "arguments": arguments},
            {"type": "function_call_output", **result},
        ],
        "tools": [{"type": "function", **described, "strict": False}],
        "tool_choice": "none",
        "safety_identifier": USER if findings else f"anyone{RUN}",
        "store": False,
    }


@dataclass
class Caller:
    """Sends canaries in every way, under a policy of each kind."""

    stack: Stack
    make_key: MakeKey

    def __post_init__(self) -> None:
        screenings = {
            "block": {},
            "redact": {"pii": "redact", "secrets": "redact", "responses": "redact"},
            "flag": {"pii": "flag", "secrets": "flag"},
        }
        self.keys = {
            name: self.make_key(role="developer", screening=screening)
            for name, screening in screenings.items()
        }
        self.keys["limited"] = self.make_key(rate_limits=[{"requests": 1, "window_seconds": 60}])
        self.embedding_model = f"test-{uuid.uuid4().hex}"
        target = {"provider": "openai", "model": "text-embedding-3-small"}
        self.stack.admin.put(
            f"/admin/v1/routes/{self.embedding_model}",
            json={"strategy": "priority", "targets": [target]},
        ).raise_for_status()
        self.keys["wrong"] = KeyHasher.generate()

    def send(self, policy: str, body: Any, path: str = "/v1/chat/completions") -> httpx.Response:
        """Answered whole: a stream that breaks off is an answer too."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"Authorization": f"Bearer {self.keys[policy]}"}
        url = self.stack.url + path
        with httpx.stream("POST", url, content=content, headers=headers, timeout=30) as response:
            try:
                response.read()
            except httpx.RemoteProtocolError:
                assert b'"stream":true' in content
            return response

    def faulty(
        self,
        kind: str,
        policy: str,
        body: Any,
        path: str = "/v1/chat/completions",
        **fault: Any,
    ) -> httpx.Response:
        """The same while every provider fails."""
        for provider in ("openai", "azure", "anthropic"):
            self.stack.simulate(provider, {"kind": kind} | fault)
        try:
            return self.send(policy, body, path)
        finally:
            httpx.delete(f"{self.stack.env['LLM_CP_SIMULATOR_URL']}/faults")


def outcomes(caller: Caller) -> Iterator[tuple[str, httpx.Response, set[int]]]:
    """What was sent, what came back, and which status it should have."""
    plain, full = conversation(findings=False), conversation(findings=True)
    stream = {"stream": True}
    embedding = {"model": caller.embedding_model, "input": f"{INPUT} {EMAIL}"}
    broken = orjson.dumps(full)[:-1]
    misspelt = orjson.dumps(full).replace(b'"messages"', b'"message"')
    yield "answered", caller.send("block", plain), {200}
    yield "streamed", caller.send("block", plain | stream), {200}
    yield "blocked", caller.send("block", full), {400}
    yield "blocked on a stream", caller.send("block", full | stream), {400}
    for policy in ("redact", "flag"):
        # A user's name or tag that is only flagged stands in the audit event, as it is meant to.
        harmless = {"user": f"anyone{RUN}", "metadata": {"note": METADATA}}
        body = full | (harmless if policy == "flag" else {})
        yield f"{policy}", caller.send(policy, body), {200}
        yield f"{policy}, streamed", caller.send(policy, body | stream), {200}
        yield f"{policy}, cut", caller.faulty("drop", policy, body | stream), {200}
        yield f"{policy}, garbage", caller.faulty("garbage", policy, body | stream), {200}
        yield f"{policy}, error inside", caller.faulty("error-mid", policy, body | stream), {200}
        yield f"{policy}, refused", caller.faulty("status", policy, body, status=400), {400}
        yield f"{policy}, unauthorised", caller.faulty("status", policy, body, status=401), {502}
        yield f"{policy}, failed", caller.faulty("status", policy, body, status=500), {502, 503}
        yield f"{policy}, html", caller.faulty("html", policy, body), {502}
        yield f"{policy}, reset", caller.faulty("reset", policy, body), {502, 503}
        yield f"{policy}, embedding", caller.send(policy, embedding, "/v1/embeddings"), {200}
        yield from messages_outcomes(caller, policy)
        yield from responses_outcomes(caller, policy)
    yield (
        "message blocked",
        caller.send("block", messages_conversation(findings=True), MESSAGES),
        {400},
    )
    blocked = caller.send("block", responses_input(findings=True), RESPONSES)
    yield "response blocked", blocked, {400}
    yield "embedding blocked", caller.send("block", embedding, "/v1/embeddings"), {400}
    yield "the last one allowed", caller.send("limited", plain), {200}
    yield "limited", caller.send("limited", plain), {429}
    yield "wrong key", caller.send("wrong", full), {401}
    yield "no JSON", caller.send("block", broken), {400}
    yield "no messages", caller.send("block", misspelt), {400}
    yield "messages is text", caller.send("block", plain | {"messages": PROMPT}), {400}
    yield "unknown model", caller.send("redact", full | {"model": "nope"}), {404}
    tried = caller.send("block", {"request": full}, "/admin/v1/screening/test")
    yield "tried", tried, {200}


def messages_outcomes(
    caller: Caller, policy: str
) -> Iterator[tuple[str, httpx.Response, set[int]]]:
    """The same for Messages under a policy that lets them go on."""
    body, stream = messages_conversation(findings=True), {"stream": True}
    if policy == "flag":
        body["metadata"] = {"user_id": f"anyone{RUN}"}
    counted = f"{MESSAGES}/count_tokens"
    yield f"{policy}, message", caller.send(policy, body, MESSAGES), {200}
    yield f"{policy}, message streamed", caller.send(policy, body | stream, MESSAGES), {200}
    count = {name: body[name] for name in ("model", "system", "messages", "tools")}
    yield f"{policy}, message counted", caller.send(policy, count, counted), {200}
    cut = caller.faulty("drop", policy, body | stream, MESSAGES)
    yield f"{policy}, message cut", cut, {200}
    refused = caller.faulty("status", policy, body, MESSAGES, status=400)
    yield f"{policy}, message refused", refused, {400}
    failed = caller.faulty("status", policy, body, MESSAGES, status=529)
    yield f"{policy}, message overloaded", failed, {529}


def responses_outcomes(
    caller: Caller, policy: str
) -> Iterator[tuple[str, httpx.Response, set[int]]]:
    """The same for Responses, and for both protocols where they are translated."""
    body, stream = responses_input(findings=True), {"stream": True}
    message = messages_conversation(findings=True)
    if policy == "flag":
        body["safety_identifier"] = f"anyone{RUN}"
        message["metadata"] = {"user_id": f"anyone{RUN}"}
    yield f"{policy}, response", caller.send(policy, body, RESPONSES), {200}
    yield f"{policy}, response streamed", caller.send(policy, body | stream, RESPONSES), {200}
    cut = caller.faulty("drop", policy, body | stream, RESPONSES)
    yield f"{policy}, response cut", cut, {200}
    refused = caller.faulty("status", policy, body, RESPONSES, status=400)
    yield f"{policy}, response refused", refused, {400}
    failed = caller.faulty("status", policy, body, RESPONSES, status=500)
    yield f"{policy}, response failed", failed, {502, 503}
    for path, across in (
        (RESPONSES, body | {"model": "claude-sonnet-5-5"}),
        (MESSAGES, message | {"model": "gpt-5.5"}),
    ):
        yield f"{policy}, across to {path}", caller.send(policy, across, path), {200}
        streamed = caller.send(policy, across | stream, path)
        yield f"{policy}, across to {path}, streamed", streamed, {200}
        garbage = caller.faulty("garbage", policy, across | stream, path)
        yield f"{policy}, across to {path}, garbage", garbage, {200}


def logs(stack: Stack) -> Iterator[tuple[str, str]]:
    for path in [*(stack.folder / ".local").rglob("*.log"), stack.folder / "output"]:
        # The simulator is the provider: it is meant to see what is sent.
        if path.is_file() and not path.name.startswith("simulator"):
            yield str(path), path.read_text("utf-8", errors="replace")


def rows(stack: Stack) -> Iterator[tuple[str, str]]:
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        for request_id, row in connection.execute(
            "SELECT request_id, request_logs::text FROM request_logs"
        ):
            yield f"request_logs {request_id}", row


def objects(stack: Stack) -> Iterator[tuple[str, str]]:
    s3, bucket = stack.aws("s3"), stack.env["AUDIT_BUCKET"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            raw = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            plain = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
            yield f"s3 {entry['Key']}", plain.decode()


def messages(stack: Stack) -> Iterator[tuple[str, str]]:
    sqs = stack.aws("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    assert len(urls) == 2, urls
    for url in urls:
        # Left in place, and shown again soon to whoever they are for.
        while batch := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5
        ).get("Messages"):
            yield from ((f"sqs {url}", message["Body"]) for message in batch)


def keys_and_values(stack: Stack) -> Iterator[tuple[str, str]]:
    with redis.Redis.from_url(stack.gateway_env["REDIS_URL"]) as client:
        read: dict[bytes, Callable[[bytes], Any]] = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
            b"set": client.smembers,
            b"list": lambda key: client.lrange(key, 0, -1),
            b"none": lambda _key: None,
        }
        for key in client.scan_iter():
            yield f"redis {key!r}", f"{key!r} {read[client.type(key)](key)!r}"


# The places where something is kept; all of them but Redis name every request.
READERS: Mapping[str, Callable[[Stack], Iterator[tuple[str, str]]]] = {
    "logs": logs,
    "rows": rows,
    "objects": objects,
    "messages": messages,
    "redis": keys_and_values,
}


def test_nothing_of_a_request_is_kept_anywhere(stack: Stack, make_key: MakeKey) -> None:
    caller = Caller(stack, make_key)
    recorded = []
    for what, response, statuses in outcomes(caller):
        assert response.status_code in statuses, (what, response.text)
        if response.is_error:
            assert not [value for value in VALUES if value in response.text], what
        if what not in UNRECORDED:
            recorded.append(response.headers["x-request-id"])
    for request_id in recorded:
        stack.record(request_id, seconds=30)
    texts = {name: list(read(stack)) for name, read in READERS.items()}
    # Reading the wrong place would find nothing either.
    for name in ("logs", "rows", "objects"):
        everything = "\n".join(text for _, text in texts[name])
        missing = [request_id for request_id in recorded if request_id not in everything]
        assert not missing, name
    assert texts["redis"]
    words = (*WORDS, *VALUES, CARD.replace(" ", ""), *caller.keys.values())
    forbidden = re.compile(
        "|".join(map(re.escape, words)) + "|sk-cp-[0-9A-Za-z]{20}", re.IGNORECASE
    )
    found = [
        (where, text[max(match.start() - 60, 0) : match.end() + 60])
        for place in texts.values()
        for where, text in place
        if (match := forbidden.search(text))
    ]
    assert not found
