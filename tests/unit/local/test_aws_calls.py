"""What the record says of a request to AWS, each kind of them, once."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from controlplane.local.aws_calls import RecordedCalls, read_calls

QUEUE = "http://127.0.0.1:5000/123456789012/llm-cp-audit"
JSON = {"QueueUrl": QUEUE, "Entries": []}


def asked(service: str, body: bytes = b"", **environ: str) -> dict[str, Any]:
    """A signed request."""
    credential = f"Credential=task/20260501/us-east-1/{service}/aws4_request"
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
        "wsgi.input": io.BytesIO(body),
        **environ,
    }


def recorded(file: Path, *environs: dict[str, Any]) -> tuple[list[tuple[str, ...]], list[bytes]]:
    """What is written of requests, and what the application still reads of each."""
    bodies: list[bytes] = []

    def application(environ: dict[str, Any], _: Any) -> list[bytes]:
        bodies.append(environ["wsgi.input"].read())
        return []

    calls = RecordedCalls(application, file)
    for environ in environs:
        calls(environ, None)
    return [tuple(row.values()) for row in read_calls(file)], bodies


@pytest.mark.parametrize(
    ("environ", "row"),
    [
        (
            asked("sqs", json.dumps(JSON).encode(), HTTP_X_AMZ_TARGET="AmazonSQS.SendMessageBatch"),
            ("task", "sqs", "SendMessageBatch", "llm-cp-audit"),
        ),
        (
            asked("sns", b"Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A1%3Awarnings"),
            ("task", "sns", "Publish", "arn:aws:sns:us-east-1:1:warnings"),
        ),
        (
            asked("s3", b"text", REQUEST_METHOD="PUT", PATH_INFO="/bucket/a/b.json"),
            ("task", "s3", "PutObject", "bucket"),
        ),
        (
            asked("s3", REQUEST_METHOD="GET", PATH_INFO="/bucket"),
            ("task", "s3", "ListObjectsV2", "bucket"),
        ),
    ],
)
def test_the_request_says_whose_call_it_was(
    tmp_path: Path, environ: dict[str, Any], row: tuple[str, ...]
) -> None:
    body = environ["wsgi.input"].getvalue()
    environ["wsgi.input"].seek(0)
    assert recorded(tmp_path / "calls", environ) == ([row], [body])


def test_each_call_is_written_once_and_what_is_not_signed_never(tmp_path: Path) -> None:
    listing = asked("s3", REQUEST_METHOD="GET", PATH_INFO="/bucket")
    rows, bodies = recorded(
        tmp_path / "calls", listing, listing, listing | {"HTTP_AUTHORIZATION": "Bearer x"}
    )
    assert rows == [("task", "s3", "ListObjectsV2", "bucket")]
    assert len(bodies) == 3
    assert list(read_calls(tmp_path / "none")) == []
