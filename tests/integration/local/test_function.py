"""The function worker answers as Lambda's Invoke API does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from controlplane.local.children import free_port

from .processes import environment, serving, wait_until

HANDLER = "tests.integration.local.fake_function.handler"
INVOCATIONS = "/2015-03-31/functions/llm-cp/invocations"
AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def function() -> Iterator[httpx.Client]:
    port = free_port()
    with (
        serving("function", port, "--handler", HANDLER, env=environment()),
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


def boto(function: httpx.Client) -> Any:
    return client("lambda", str(function.base_url))


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_an_answer(function: httpx.Client) -> None:
    response = function.post(INVOCATIONS, content='{"a": ["ü"]}')
    assert response.status_code == 200
    assert response.json() == {"echo": {"a": ["ü"]}}
    assert response.headers["x-amz-executed-version"] == "$LATEST"
    assert "x-amz-function-error" not in response.headers


def test_an_exception_is_a_function_error(function: httpx.Client) -> None:
    answer = boto(function).invoke(FunctionName="llm-cp", Payload=b'{"raise": "no such thing"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such thing")
    assert "fake_function.py" in error["stackTrace"][0]
    assert error["requestId"] == answer["ResponseMetadata"]["RequestId"]


def test_a_result_that_is_no_json_is_a_function_error(function: httpx.Client) -> None:
    response = function.post(INVOCATIONS, json={"unserialisable": 1})
    assert response.headers["x-amz-function-error"] == "Unhandled"
    assert response.json()["errorType"] == "Runtime.MarshalError"


def test_the_context_is_lambdas(function: httpx.Client) -> None:
    one, other = (function.post(INVOCATIONS, json={"context": 1}).json() for _ in range(2))
    assert one["thread"] == other["thread"] == "MainThread"
    assert one["request_id"] != other["request_id"]
    assert (one["name"], one["memory"]) == ("llm-cp", "1024")
    assert one["arn"].endswith(":function:llm-cp")
    assert 0 < one["remaining"] <= 900_000


def test_an_event_invocation_is_run_afterwards(function: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "file"
    event = json.dumps({"sleep": 0.3, "append": str(file)}).encode()
    answer = boto(function).invoke(FunctionName="llm-cp", InvocationType="Event", Payload=event)
    assert answer["StatusCode"] == 202
    assert not file.exists()
    assert function.post(INVOCATIONS, content=event).json() is None
    # The second began after the first had ended: one at a time.
    assert file.read_text() == "done\ndone\n"


def test_a_dry_run_runs_nothing(function: httpx.Client, tmp_path: Path) -> None:
    event = json.dumps({"sleep": 0, "append": str(tmp_path / "file")}).encode()
    answer = boto(function).invoke(FunctionName="llm-cp", InvocationType="DryRun", Payload=event)
    assert answer["StatusCode"] == 204
    assert function.post(INVOCATIONS, json={}).status_code == 200
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(
    "name",
    [
        "llm-cp",
        "llm-cp:$LATEST",
        "123456789012:function:llm-cp",
        "arn:aws:lambda:us-east-1:123456789012:function:llm-cp",
    ],
)
def test_the_names_of_the_function(function: httpx.Client, name: str) -> None:
    assert boto(function).invoke(FunctionName=name)["StatusCode"] == 200


def test_another_function_is_not_found(function: httpx.Client) -> None:
    invoker = boto(function)
    for arguments in ({"FunctionName": "other"}, {"FunctionName": "llm-cp", "Qualifier": "7"}):
        with pytest.raises(invoker.exceptions.ResourceNotFoundException) as caught:
            invoker.invoke(**arguments)
        assert "Function not found: arn:aws:lambda:" in str(caught.value)


@pytest.mark.parametrize("payload", [b"{", b"NaN", b"\xff", b"[" * 100_000])
def test_a_payload_that_is_no_json(function: httpx.Client, payload: bytes) -> None:
    invoker = boto(function)
    with pytest.raises(invoker.exceptions.InvalidRequestContentException):
        invoker.invoke(FunctionName="llm-cp", Payload=payload)


def test_a_payload_that_is_too_large(function: httpx.Client) -> None:
    response = function.post(INVOCATIONS, content=b" " * (6 * 1024 * 1024 + 1))
    assert response.status_code == 413
    assert response.headers["x-amzn-errortype"] == "RequestTooLargeException"


def test_no_payload_is_an_empty_event(function: httpx.Client) -> None:
    assert function.post(INVOCATIONS).json() == {"echo": {}}


def test_messages_of_the_queue_reach_the_function(
    aws_endpoint_url: str, audit_queue_url: str, tmp_path: Path
) -> None:
    sqs = client("sqs", aws_endpoint_url)
    sqs.set_queue_attributes(QueueUrl=audit_queue_url, Attributes={"VisibilityTimeout": "1"})
    seen = tmp_path / "seen"
    port = free_port()
    env = environment(AWS_ENDPOINT_URL=aws_endpoint_url, AWS_DEFAULT_REGION="us-east-1")
    arguments = ("--handler", HANDLER, "--queue-url", audit_queue_url)

    def send(*texts: str) -> None:
        for text in texts:
            sqs.send_message(QueueUrl=audit_queue_url, MessageBody=f"{seen} {text}")

    def lines() -> list[str]:
        return seen.read_text().splitlines() if seen.exists() else []

    with serving("function", port, *arguments, env=env):
        began = time.monotonic()
        send("good", "poison")
        wait_until(lambda: "good 1" in lines() and "poison 1" in lines(), seconds=5)
        assert time.monotonic() - began < 3
        # Only what failed comes back, after its visibility timeout.
        wait_until(lambda: "poison 2" in lines(), seconds=5)
        assert "good 2" not in lines()
        send("bomb")
        wait_until(lambda: "bomb 2" in lines(), seconds=5)
        sqs.purge_queue(QueueUrl=audit_queue_url)
        send(*(f"last-{index}" for index in range(15)))
    # Stopped while messages waited: it took them first.
    assert {f"last-{index} 1" for index in range(15)} <= set(lines())
