"""A function in AWS, invoked with the caller's own credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from controlplane.cli.command import CommandError

# As long as a function may run. An invocation is not repeated by itself: the first may still run.
_CONFIG = Config(connect_timeout=10, read_timeout=900, retries={"total_max_attempts": 1})


def invoke(function: str, event: Mapping[str, Any]) -> tuple[str, bool]:
    """The answer of the function, and whether it failed (FunctionError). Raises CommandError."""
    try:
        client: Any = boto3.client("lambda", config=_CONFIG)
        reply = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return reply["Payload"].read().decode(), "FunctionError" in reply
    except ClientError as error:
        said = error.response.get("Error", {})
        raise CommandError(
            f"AWS refused to invoke {function}: {said.get('Message')} ({said.get('Code')})"
        ) from None
    except BotoCoreError as error:
        raise CommandError(f"AWS could not be asked: {error}") from None
