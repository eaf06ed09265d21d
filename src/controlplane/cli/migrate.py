"""`llm-cp migrate`: the function's own migration event."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from controlplane.cli.command import Command, argument
from controlplane.cli.errors import EXIT_OK, CommandError
from controlplane.cli.session import Session
from controlplane.cli.terminal import shown

LOCAL = "/2015-03-31/functions/llm-cp/invocations"
FUNCTION_ERROR = "x-amz-function-error"


def _migrate(arguments: argparse.Namespace, session: Session) -> int:
    event = {"type": "user-migration", "revision": arguments.revision}
    if arguments.function:
        text, failed = invoke_aws(arguments.function, event)
    else:
        text, failed = _invoke_local(session, event)
    result = _parsed(text)
    if failed:
        kind, message = result.get("errorType"), result.get("errorMessage")
        raise CommandError(f"The migration failed: {shown(str(message))} ({shown(str(kind))})")
    if result.get("ok") is not True:
        raise CommandError("The answer is not one of the function's; is this its name?")
    if session.as_json:
        session.terminal.raw(text)
        return EXIT_OK
    before, after = result.get("from_revision") or "nothing", result.get("to_revision")
    same = before == after
    print(shown(f"at {after} already" if same else f"migrated from {before} to {after}"))
    return EXIT_OK


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


COMMAND = Command(
    "bring the database to a revision",
    """\
Invokes the function with its migration event: the local stack's at LLM_CP_URL, or with --function
one in AWS, with the credentials and the region of your environment. It only migrates upwards, and
is safe to repeat.""",
    """\
llm-cp migrate                                   the local stack, to the newest revision
llm-cp migrate --revision 0003
llm-cp migrate --function llm-cp-sandbox:live    AWS""",
    _migrate,
    (
        argument("--revision", metavar="ID", default="head", help="(default: head, the newest)"),
        argument("--function", metavar="NAME", help="a function in AWS: name, name:alias or ARN"),
    ),
    exits="0 done, 2 wrong use, a refusal or a migration that failed",
)
