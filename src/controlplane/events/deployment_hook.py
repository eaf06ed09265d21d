"""CodeDeploy's BeforeAllowTraffic hook: migrates before the new version gets any traffic.

CodeDeploy sends `{"DeploymentId": ..., "LifecycleEventHookExecutionId": ...}` and waits up to an
hour for the answer, which is a call of its API and not what the function returns:
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from controlplane.adapters.aws import client
from controlplane.errors import ControlPlaneError, Unreachable
from controlplane.events import migrate
from controlplane.telemetry import log, log_crash

if TYPE_CHECKING:
    from controlplane.wiring import Container

SUCCEEDED, FAILED = "Succeeded", "Failed"
# What the answer itself may take, out of the time that the function has.
REPORT_SECONDS = 5.0
RETRY_SECONDS = 2.0


class CodeDeploy(Protocol):
    """The one operation that the hook needs of boto3's client."""

    def put_lifecycle_event_hook_execution_status(self, **answer: str) -> Mapping[str, Any]:
        """Takes deploymentId, lifecycleEventHookExecutionId and status."""


async def run(
    event: Mapping[str, Any], container: Container, *, seconds_left: float
) -> dict[str, Any]:
    """Migrate to the newest revision and tell CodeDeploy how it went.

    Answers `{"ok", "status", ...}` and does not raise for a failed migration: Lambda would run the
    hook again. Raises Unreachable where CodeDeploy does not take the answer.
    """
    try:
        migrated = await asyncio.wait_for(_migrate(container), seconds_left - REPORT_SECONDS)
    except Exception as error:  # whatever it was, CodeDeploy must not wait an hour for it
        _log_failure(error, seconds_left)
        answer: dict[str, Any] = {"ok": False, "status": FAILED}
    else:
        log.info("migrated before traffic", extra={"to_revision": migrated["to_revision"]})
        answer = {**migrated, "type": "deployment-hook", "status": SUCCEEDED}
    await asyncio.to_thread(_tell, client("codedeploy", container.settings), event, answer)
    return answer


async def _migrate(container: Container) -> dict[str, Any]:
    """Migrate; where Aurora may be asleep, as often as it takes to wake it."""
    while True:
        try:
            return await migrate.run({"type": "user-migration"}, container)
        except Unreachable:
            if not container.settings.database_pauses:
                raise
            await asyncio.sleep(RETRY_SECONDS)


def _tell(codedeploy: CodeDeploy, event: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    try:
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status=answer["status"],
        )
    except (BotoCoreError, ClientError) as error:
        raise Unreachable("codedeploy") from error


def _log_failure(error: Exception, seconds_left: float) -> None:
    if isinstance(error, TimeoutError):
        reason = f"The migration did not end within {seconds_left - REPORT_SECONDS:.0f} s."
    elif isinstance(error, ControlPlaneError):
        reason = str(error)
    else:
        # Its message may quote rows; the place and the class say enough.
        log_crash(error)
        reason = f"The migration broke with {type(error).__name__}."
    log.error("deployment refused", extra={"reason": reason})
