"""What the environment adds to the stages, and what a stage refuses to be without."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.infra.template import ROOT

from infra.deployment import DeploymentError, chosen_stages
from infra.stages import STAGES

EMAILS = {"ALARM_EMAILS": "ops@example.com, on-call@example.com"}


def test_production_without_an_address_for_alarms_is_refused() -> None:
    with pytest.raises(DeploymentError, match="The alarms of llm-cp-prod would reach nobody"):
        chosen_stages({"ONLY_STAGE": "prod"})


def test_the_refusal_is_one_sentence_without_a_traceback(infra_python: str, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "ALARM_EMAILS"}
    done = subprocess.run(
        [infra_python, "-m", "infra.app"],
        cwd=ROOT,
        env={**environment, "ONLY_STAGE": "prod", "CDK_OUTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("The alarms of llm-cp-prod would reach nobody: ")
    assert not list(tmp_path.glob("*.json"))


def test_all_addresses_are_told() -> None:
    (prod,) = chosen_stages(EMAILS | {"ONLY_STAGE": "prod"})
    assert prod.alarm_emails == ("ops@example.com", "on-call@example.com")


def test_a_lean_stage_needs_no_address() -> None:
    (sandbox,) = chosen_stages({"ONLY_STAGE": "sandbox"})
    assert sandbox.alarm_emails == ()


def test_a_stage_that_is_not_there() -> None:
    with pytest.raises(DeploymentError, match="There is no stage 'staging': name one of sandbox"):
        chosen_stages({"ONLY_STAGE": "staging"})


def test_only_the_first_deployment_is_unprotected() -> None:
    for stage in chosen_stages(EMAILS):
        assert stage.is_protected is (stage.name == "prod")
    for stage in chosen_stages(EMAILS | {"FIRST_DEPLOYMENT": "1"}):
        assert not stage.is_protected
    assert len(STAGES) == 3


def test_what_computes_can_be_said_for_one_synthesis() -> None:
    assert {stage.compute for stage in chosen_stages(EMAILS | {"COMPUTE": "function"})} == {
        "function"
    }
    assert [stage.compute for stage in chosen_stages(EMAILS)] == ["function", "service", "service"]
    with pytest.raises(DeploymentError, match="COMPUTE is 'function' or 'service'"):
        chosen_stages({"COMPUTE": "steam"})


def test_datadog_and_a_service_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STAGES, "demo", replace(STAGES["demo"], datadog=True))
    with pytest.raises(DeploymentError, match="Datadog is for the function alone: llm-cp-demo"):
        chosen_stages({"ONLY_STAGE": "demo"})
    chosen_stages({"ONLY_STAGE": "demo", "COMPUTE": "function"})
