"""`python -m infra.tools.deploy STAGE`: deploys a stage with the AWS credentials of the shell.

The first deployment of a stage that keeps its data comes without protection against deletion, which
would keep CloudFormation from clearing away what a failed one has made; a second one, which changes
nothing else, switches it on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from infra import REPOSITORY
from infra.deployment import DeploymentError
from infra.stages import STAGES, Stage

# A stack that has never been there, or whose creation was turned back.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
UNBORN = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")

Run = Callable[[Sequence[str], Mapping[str, str]], "subprocess.CompletedProcess[str]"]


def main(arguments: Sequence[str]) -> int | str:
    """The exit code of the CDK CLI, or a sentence where it was not started."""
    if len(arguments) != 1 or arguments[0] not in STAGES:
        return f"infra.tools.deploy: name one of {', '.join(STAGES)}."
    try:
        return deploy(STAGES[arguments[0]], _run)
    except DeploymentError as error:
        return str(error)


def deploy(stage: Stage, run: Run) -> int:
    """Deploy once, or twice where protection has to follow. Raises DeploymentError."""
    words = (sys.executable, "-m", "infra.tools.node", "cdk", "deploy", stage.prefix)
    command = (*words, "--require-approval", "never")
    only = {"ONLY_STAGE": stage.name}
    if stage.retain_data and _is_unborn(stage.prefix, run):
        code = run(command, only | {"FIRST_DEPLOYMENT": "1"}).returncode
        if code:
            return code
    return run(command, only).returncode


def _is_unborn(stack: str, run: Run) -> bool:
    question = ("aws", "cloudformation", "describe-stacks", "--stack-name", stack)
    done = run((*question, "--query", "Stacks[0].StackStatus", "--output", "text"), {})
    if done.returncode == 0:
        return done.stdout.strip() in UNBORN
    if "does not exist" in done.stderr:
        return True
    raise DeploymentError(f"Whether {stack} exists is not known: {' '.join(done.stderr.split())}")


def _run(command: Sequence[str], added: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - no shell, and no argument from outside
        command,
        cwd=REPOSITORY,
        env={**os.environ, **added},
        capture_output=command[0] == "aws",
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
