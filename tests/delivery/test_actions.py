"""The scripts of the composite actions, run as a runner does."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
import yaml
from tests.delivery.actions_runner import ACTIONS, Runner


class TestInvoke:
    ENV: ClassVar = {
        "FUNCTION": "llm-cp-sandbox",
        "QUALIFIER": "live",
        "EVENT": '{"type": "user-seeder"}',
    }

    def test_an_answer(self, runner: Runner) -> None:
        answer = {"ok": True, "type": "user-seeder", "created": {"routes": 3}}
        runner.aws = {"invoke": {"stdout": '{"StatusCode": 200}', "file": json.dumps(answer)}}
        done = runner("invoke", **self.ENV)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout) == answer
        (words,) = runner.calls()
        assert words[:2] == ["lambda", "invoke"]
        assert words[words.index("--payload") + 1] == self.ENV["EVENT"]
        assert words[words.index("--qualifier") + 1] == "live"

    def test_a_function_error_fails_though_aws_exits_0(self, runner: Runner) -> None:
        reply = {"StatusCode": 200, "FunctionError": "Unhandled", "ExecutedVersion": "7"}
        error = {"errorType": "MigrationError", "errorMessage": "Another migration\nhas the lock"}
        runner.aws = {"invoke": {"stdout": json.dumps(reply), "file": json.dumps(error)}}
        done = runner("invoke", **self.ENV)
        assert done.returncode == 1
        assert done.stderr == (
            "::error::The function failed (Unhandled): MigrationError: "
            "Another migration has the lock\n"
        )

    @pytest.mark.parametrize("answer", ['{"ok": false, "status": "Failed"}', "null", "", '"ok"'])
    def test_anything_but_ok_fails(self, runner: Runner, answer: str) -> None:
        runner.aws = {"invoke": {"stdout": '{"StatusCode": 200}', "file": answer}}
        done = runner("invoke", **self.ENV)
        assert done.returncode == 1
        assert "did not answer 'ok'" in done.stderr

    def test_aws_itself_may_fail(self, runner: Runner) -> None:
        runner.aws = {"invoke": {"code": 254, "stderr": "\nAccessDenied\n"}}
        done = runner("invoke", **self.ENV)
        assert done.returncode == 1
        assert done.stderr == "::error::aws lambda invoke failed: AccessDenied\n"

    def test_issued_keys_stay_out_of_the_log(self, runner: Runner) -> None:
        answer = {"ok": True, "type": "user-seeder", "api_keys": {"admin": "sk-cp-secret"}}
        runner.aws = {"invoke": {"stdout": '{"StatusCode": 200}', "file": json.dumps(answer)}}
        done = runner("invoke", **self.ENV)
        assert done.returncode == 0
        assert "sk-cp-secret" not in done.stdout + done.stderr


class TestOutputs:
    VALUES: ClassVar = {
        "FunctionName": "llm-cp-sandbox",
        "AliasName": "live",
        "DistributionDomain": "d1.cloudfront.net",
        "DistributionId": "E1",
        "ConsoleBucket": "console",
        "UserPoolId": "unneeded",
    }

    def reply(self, values: dict[str, str]) -> dict[str, Any]:
        rows = [{"OutputKey": key, "OutputValue": value} for key, value in values.items()]
        return {"describe-stacks": {"stdout": json.dumps({"Stacks": [{"Outputs": rows}]})}}

    def test_become_the_steps_outputs(self, runner: Runner) -> None:
        runner.aws = self.reply(self.VALUES)
        assert runner("outputs", STACK="llm-cp-sandbox").returncode == 0
        lines = (runner.folder / "output").read_text().splitlines()
        assert lines == [f"{key}={value}" for key, value in list(self.VALUES.items())[:5]]

    def test_are_the_ones_that_the_action_names(self) -> None:
        loaded = yaml.safe_load((ACTIONS / "outputs" / "action.yml").read_text("utf-8"))
        named = {o["value"].strip("${} ").rpartition(".")[2] for o in loaded["outputs"].values()}
        assert named == self.VALUES.keys() - {"UserPoolId"}

    def test_a_missing_one_is_named(self, runner: Runner) -> None:
        runner.aws = self.reply({"FunctionName": "f"})
        done = runner("outputs", STACK="llm-cp-sandbox")
        assert done.returncode == 1
        assert "llm-cp-sandbox has no output AliasName, DistributionDomain" in done.stderr


class TestDrift:
    STARTED: ClassVar = {"stdout": '{"StackDriftDetectionId": "d-1"}'}

    def status(self, **fields: str) -> dict[str, str]:
        return {"stdout": json.dumps(fields)}

    def run(self, runner: Runner, *statuses: dict[str, str]) -> Any:
        runner.aws |= {
            "detect-stack-drift": self.STARTED,
            "describe-stack-drift-detection-status": list(statuses),
        }
        return runner("drift", STACK="llm-cp-prod", DRIFT_PAUSE_SECONDS="0.01")

    def test_in_sync(self, runner: Runner) -> None:
        done = self.run(
            runner,
            self.status(DetectionStatus="DETECTION_IN_PROGRESS"),
            self.status(DetectionStatus="DETECTION_COMPLETE", StackDriftStatus="IN_SYNC"),
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert len(runner.calls()) == 3

    def test_what_drifted_is_named(self, runner: Runner) -> None:
        rows = [{"LogicalResourceId": "Queue", "StackResourceDriftStatus": "MODIFIED"}]
        drifts = {"stdout": json.dumps({"StackResourceDrifts": rows})}
        runner.aws = {"describe-stack-resource-drifts": drifts}
        done = self.run(
            runner, self.status(DetectionStatus="DETECTION_COMPLETE", StackDriftStatus="DRIFTED")
        )
        assert done.returncode == 1
        assert "llm-cp-prod is not what its template says: Queue (modified)." in done.stderr

    def test_a_detection_that_fails_is_no_peace(self, runner: Runner) -> None:
        done = self.run(
            runner,
            self.status(DetectionStatus="DETECTION_FAILED", DetectionStatusReason="denied"),
        )
        assert done.returncode == 1
        assert "is not known: denied" in done.stderr


class TestPrune:
    def reply(self, versions: list[str], *aliases: dict[str, Any]) -> dict[str, Any]:
        rows = [{"Version": version} for version in ("$LATEST", *versions)]
        return {
            "list-versions-by-function": {"stdout": json.dumps({"Versions": rows})},
            "list-aliases": {"stdout": json.dumps({"Aliases": list(aliases)})},
            "delete-function": {},
        }

    def deleted(self, runner: Runner) -> list[str]:
        return [call[-3] for call in runner.calls() if call[1] == "delete-function"]

    def test_five_versions_stay_to_go_back_to(self, runner: Runner) -> None:
        versions = [str(number) for number in (10, 9, 8, 3, 2, 1, 11)]
        runner.aws = self.reply(versions, {"Name": "live", "FunctionVersion": "11"})
        done = runner("prune", FUNCTION="llm-cp-prod")
        assert (done.returncode, done.stderr) == (0, "")
        assert self.deleted(runner) == ["1", "2"]
        assert done.stdout == "llm-cp-prod: deleted the versions 1, 2.\n"

    def test_what_an_alias_points_to_stays(self, runner: Runner) -> None:
        live = {
            "Name": "live",
            "FunctionVersion": "1",
            "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
        }
        runner.aws = self.reply([str(number) for number in range(1, 9)], live)
        assert runner("prune", FUNCTION="llm-cp-prod").returncode == 0
        assert self.deleted(runner) == ["3"]

    def test_few_versions_are_left_alone(self, runner: Runner) -> None:
        runner.aws = self.reply(["1", "2"], {"Name": "live", "FunctionVersion": "2"})
        done = runner("prune", FUNCTION="llm-cp-prod")
        assert done.stdout == "llm-cp-prod: deleted the versions none.\n"
        assert self.deleted(runner) == []

    def test_a_refusal_is_one_sentence(self, runner: Runner) -> None:
        runner.aws = {"list-versions-by-function": {"code": 254, "stderr": "Access\nDenied\n"}}
        done = runner("prune", FUNCTION="llm-cp-prod")
        assert done.returncode == 1
        assert done.stderr == (
            "::error::aws lambda list-versions-by-function failed: Access Denied\n"
        )
