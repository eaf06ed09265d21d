"""The function's own events, from the command line: in AWS, or in the local stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.cli.command import argument
from controlplane.cli.errors import CommandError
from controlplane.cli.session import Session
from controlplane.cli.terminal import shown

LOCAL = "/2015-03-31/functions/llm-cp/invocations"
FUNCTION_ERROR = "x-amz-function-error"
FUNCTION = argument("--function", metavar="NAME", help="a function in AWS: name, name:alias or ARN")


@dataclass(frozen=True, slots=True)
class Returned:
    """What the function returned; `text` as it came."""

    body: Mapping[str, Any]
    text: str


def invoke(function: str | None, session: Session, event: Mapping[str, Any], what: str) -> Returned:
    """What a function in AWS returns, or that of the local stack. Raises CommandError, which calls
    the work `what`."""
    if function:
        text, failed = invoke_aws(function, event)
    else:
        text, failed = _invoke_local(session, event)
    body = _parsed(text)
    if failed:
        kind, message = body.get("errorType"), body.get("errorMessage")
        raise CommandError(f"{what} failed: {shown(str(message))} ({shown(str(kind))})")
    if body.get("ok") is not True:
        raise CommandError("The answer is not one of the function's; is this its name?")
    return Returned(body, text)


def _invoke_local(session: Session, event: Mapping[str, Any]) -> tuple[str, bool]:
    try:
        response = session.invoke_api.invoke(LOCAL, event)
    except CommandError as error:
        raise CommandError(str(error), "For a function in AWS: --function NAME.") from None
    return response.text, FUNCTION_ERROR in response.headers


def invoke_aws(function: str, event: Mapping[str, Any]) -> tuple[str, bool]:
    """What a function in AWS returned to the credentials of the environment, and whether it failed
    (FunctionError). Raises CommandError."""
    # Not at the top: only a deployment needs the AWS client.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    # As long as a function may run. It is not invoked again by itself: the first may still run.
    config = Config(connect_timeout=10, read_timeout=900, retries={"total_max_attempts": 1})
    try:
        client: Any = boto3.client("lambda", config=config)
        reply = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        return reply["Payload"].read().decode(), "FunctionError" in reply
    except ClientError as error:
        said = error.response.get("Error", {})
        raise CommandError(
            f"AWS refused to invoke {function}: {said.get('Message')} ({said.get('Code')})"
        ) from None
    except BotoCoreError as error:
        raise CommandError(f"AWS could not be asked: {error}") from None


def _parsed(text: str) -> dict[str, Any]:
    try:
        result = json.loads(text)
    except (ValueError, RecursionError):
        result = None
    if not isinstance(result, dict):
        raise CommandError("The answer is not one of the function's; is this its address?")
    return result
