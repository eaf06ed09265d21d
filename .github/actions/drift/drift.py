"""Ask CloudFormation whether STACK is still what its template says; name what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

PAUSE_SECONDS = 5.0
PATIENCE_SECONDS = 600.0


class DriftError(Exception):
    """The stack drifted, or cannot be asked; the message is one sentence."""


def main() -> str | None:
    """Say that the stack is in sync; a sentence for the exit where it is not."""
    stack = os.environ["STACK"]
    try:
        _detect(stack)
    except DriftError as error:
        return f"::error::{error}"
    print(f"{stack} is what its template says.")
    return None


def _detect(stack: str) -> None:
    started = _aws("detect-stack-drift", "--stack-name", stack)
    detection = ("--stack-drift-detection-id", started["StackDriftDetectionId"])
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = float(os.environ.get("DRIFT_PAUSE_SECONDS", PAUSE_SECONDS))
    while True:
        state = _aws("describe-stack-drift-detection-status", *detection)
        if state["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        if time.monotonic() > deadline:
            raise DriftError(f"The drift of {stack} was not known after {PATIENCE_SECONDS:g} s.")
        time.sleep(pause)
    if state["DetectionStatus"] != "DETECTION_COMPLETE":
        raise DriftError(f"The drift of {stack} is not known: {state.get('DetectionStatusReason')}")
    if state["StackDriftStatus"] != "IN_SYNC":
        raise DriftError(f"{stack} is not what its template says: {_drifted(stack)}.")


def _drifted(stack: str) -> str:
    rows = _aws(
        "describe-stack-resource-drifts",
        *("--stack-name", stack, "--stack-resource-drift-status-filters", "MODIFIED", "DELETED"),
    )["StackResourceDrifts"]
    return ", ".join(
        f"{row['LogicalResourceId']} ({row['StackResourceDriftStatus'].lower()})" for row in rows
    )


def _aws(*words: str) -> dict[str, Any]:
    command = ["aws", "cloudformation", *words, "--output", "json"]
    done = subprocess.run(  # noqa: S603 - the words come from the workflow, without a shell
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DriftError(f"aws cloudformation {words[0]} failed: {' '.join(done.stderr.split())}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    sys.exit(main())
