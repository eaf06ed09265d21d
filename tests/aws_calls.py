"""The calls of AWS that tests have seen, by role: `aws_calls.json`, checked after each test run.

What the emulator records is reduced to the kind of the resource. Calls with the credentials of the
tests themselves do not count. `pytest --record-aws-calls` adds what is new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from controlplane.local.aws_calls import read_calls

FILE = Path(__file__).with_suffix(".json")
# Whose calls they are, by the key that signed them. What runs inside a test may be either's.
ROLES = {"task": "task", "function": "function", "testing": "function"}


@dataclass(frozen=True, order=True)
class AwsCall:
    """One operation on one kind of resource, by the task of the service or by the function."""

    role: str
    service: str
    operation: str
    resource: str


def known() -> set[AwsCall]:
    """All that the file has."""
    return {AwsCall(**row) for row in json.loads(FILE.read_text())}


def recorded(files: Iterable[Path]) -> set[AwsCall]:
    """What a test run has done."""
    return {
        AwsCall(ROLES[row["key"]], row["service"], row["operation"], _kind(row))
        for file in files
        for row in read_calls(file)
        if row["key"] in ROLES
    }


def add(calls: set[AwsCall]) -> None:
    """Write them into the file."""
    rows = [asdict(call) for call in sorted(known() | calls)]
    FILE.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n")


def _kind(row: dict[str, str]) -> str:
    match row["service"]:
        case "sqs":
            return "dead letters" if row["resource"].endswith(("dlq", "dead")) else "queue"
        case "s3":
            return "bucket"
        case "secretsmanager":
            return "secret"
        case "sns":
            return "topic"
    return row["service"]
