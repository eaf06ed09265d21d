"""The first deployment of a stage can be repeated until it succeeds; then protection follows."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from infra.deployment import DeploymentError
from infra.stages import PROD, SANDBOX
from infra.tools.deploy import deploy

NO_STACK = "An error occurred (ValidationError): Stack with id llm-cp-prod does not exist"


@dataclass
class Shell:
    """Plays `aws` and the CDK CLI; `deployed` is what each deployment was told."""

    status: str = ""
    error: str = ""
    codes: list[int] = field(default_factory=list)
    deployed: list[Mapping[str, str]] = field(default_factory=list)

    def run(
        self, command: Sequence[str], added: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        if command[0] == "aws":
            return subprocess.CompletedProcess(
                command, 254 if self.error else 0, self.status + "\n", self.error
            )
        assert "deploy" in command
        self.deployed.append(dict(added))
        return subprocess.CompletedProcess(command, self.codes.pop(0) if self.codes else 0)


FIRST = {"ONLY_STAGE": "prod", "FIRST_DEPLOYMENT": "1"}
THEN = {"ONLY_STAGE": "prod"}


@pytest.mark.parametrize(
    "shell",
    [Shell(error=NO_STACK), Shell(status="ROLLBACK_COMPLETE"), Shell(status="REVIEW_IN_PROGRESS")],
    ids=["no stack", "turned back", "only reviewed"],
)
def test_protection_follows_the_first_success(shell: Shell) -> None:
    assert deploy(PROD, shell.run) == 0
    assert shell.deployed == [FIRST, THEN]


def test_a_first_deployment_that_fails_stays_unprotected() -> None:
    shell = Shell(error=NO_STACK, codes=[1])
    assert deploy(PROD, shell.run) == 1
    assert shell.deployed == [FIRST]


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_FAILED"])
def test_what_exists_is_never_unprotected(status: str) -> None:
    shell = Shell(status=status)
    assert deploy(PROD, shell.run) == 0
    assert shell.deployed == [THEN]


def test_unknown_is_not_taken_for_absent() -> None:
    shell = Shell(error="An error occurred (AccessDenied): not\nauthorized")
    with pytest.raises(DeploymentError, match=r"llm-cp-prod exists is not known: .*not authorized"):
        deploy(PROD, shell.run)
    assert shell.deployed == []


def test_a_stage_without_protection_is_deployed_once() -> None:
    shell = Shell(error=NO_STACK)
    assert deploy(SANDBOX, shell.run) == 0
    assert shell.deployed == [{"ONLY_STAGE": "sandbox"}]
