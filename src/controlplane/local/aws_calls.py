"""Which calls of AWS the emulator was asked for: each once, as a line of JSON.

What a role must allow follows from it. The calls are read from the requests themselves, so that it
does not matter who makes them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_SIGNED = re.compile(r"Credential=(?P<key>[^/]+)/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")
_RESOURCES = ("QueueUrl", "QueueName", "SecretId", "TopicArn", "Name", "UserPoolId")
_OBJECT = {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject", "HEAD": "HeadObject"}
_OF_BUCKET = {"GetObject": "ListObjectsV2", "PutObject": "CreateBucket"}


class RecordedCalls:
    """A WSGI application in front of the emulator's."""

    def __init__(self, application: Wsgi, file: Path) -> None:
        self._application = application
        self._file = file
        self._known: set[str] = set()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """WSGI."""
        if signed := _SIGNED.search(environ.get("HTTP_AUTHORIZATION", "")):
            operation, resource = _asked(environ, signed["service"])
            row = {
                "key": signed["key"],
                "service": signed["service"],
                "operation": operation,
                "resource": resource,
            }
            self._write(json.dumps(row))
        return self._application(environ, start_response)

    def _write(self, line: str) -> None:
        if line not in self._known:
            self._known.add(line)
            with self._file.open("a") as file:
                file.write(line + "\n")


def read_calls(file: Path) -> Iterator[dict[str, str]]:
    """What was recorded."""
    for line in file.read_text().splitlines() if file.is_file() else ():
        yield json.loads(line)


def _asked(environ: Environ, service: str) -> tuple[str, str]:
    """The operation, and the name of what it is about: objects by the name of their bucket."""
    if service == "s3":
        bucket, _, key = environ.get("PATH_INFO", "").lstrip("/").partition("/")
        operation: str = _OBJECT.get(environ["REQUEST_METHOD"], "Unknown")
        return operation if key else _OF_BUCKET.get(operation, f"{operation}OfBucket"), bucket
    raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(raw)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        fields: dict[str, Any] = json.loads(raw or b"{}")
        return target.rpartition(".")[2], _name(fields)
    form = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
    return form.get("Action", "?"), _name(form)


def _name(fields: dict[str, Any]) -> str:
    named = next((fields[name] for name in _RESOURCES if fields.get(name)), "")
    return str(named).rstrip("/").rpartition("/")[2] if "://" in str(named) else str(named)
