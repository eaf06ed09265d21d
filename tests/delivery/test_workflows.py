"""What the workflows promise: order, permissions, pins, and which event deploys what."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = {path.stem: path for path in sorted(GITHUB.glob("workflows/*.yml"))}
ACTIONS = {path.parent.name: path for path in sorted(GITHUB.glob("actions/*/action.yml"))}
DEPLOYMENT = [
    "Is there a role",
    "Checkout",
    "Setup",
    "Fetch the package",
    "Assume the stage's role",
    "Diff",
    "Wake the database",
    "Deploy",
    "Outputs",
    "Migrate",
    "Seed",
    "Smoke test",
    "Prune",
    "Console",
]


def _load(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text("utf-8"))
    # YAML 1.1 reads the key `on` as true.
    loaded["on"] = loaded.pop(True, loaded.get("on"))
    assert isinstance(loaded, dict)
    return loaded


def _steps(path: Path) -> list[dict[str, Any]]:
    loaded = _load(path)
    if "runs" in loaded:
        return list(loaded["runs"]["steps"])
    return [step for job in loaded["jobs"].values() for step in job.get("steps", [])]


def _deployment() -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in _load(WORKFLOWS["infra"])["jobs"]["deploy"]["steps"]}


def test_the_files_of_the_specification_are_there() -> None:
    expected = {"audit", "ci", "drift", "infra", "on-push", "on-tags", "on-tags-rc"}
    assert expected == set(WORKFLOWS)


def test_a_deployment_takes_its_steps_in_order() -> None:
    assert list(_deployment()) == DEPLOYMENT


def test_every_deployment_was_tested_and_built_without_any_right() -> None:
    jobs = _load(WORKFLOWS["infra"])["jobs"]
    build = jobs["build"]
    ran = [step["run"] for step in build["steps"] if "run" in step]
    assert ran == ["make check", "make test", "make package"]
    assert build["permissions"] == {"contents": "read"}
    assert "environment" not in build
    assert "secrets." not in str(build)
    assert jobs["deploy"]["needs"] == jobs["attest"]["needs"] == "build"


def test_what_was_tested_is_what_is_deployed() -> None:
    jobs = _load(WORKFLOWS["infra"])["jobs"]
    steps = _deployment()
    (kept,) = [each for each in jobs["build"]["steps"] if each["name"] == "Keep the package"]
    assert kept["with"]["name"] == steps["Fetch the package"]["with"]["name"]
    given = 'STAGE="$STAGE" PACKAGE=dist/lambda.zip'
    assert steps["Diff"]["run"] == f"make diff {given}"
    assert steps["Deploy"]["run"] == f"make deploy {given}"
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.findall(r"^(\w+): \$\(PACKAGE\)", makefile, re.M) == ["diff", "deploy"]


def test_the_package_is_attested_in_a_job_that_does_nothing_else() -> None:
    attest = _load(WORKFLOWS["infra"])["jobs"]["attest"]
    assert [step["name"] for step in attest["steps"]] == ["Fetch the package", "Attest"]
    assert attest["steps"][1]["uses"].startswith("actions/attest-build-provenance@")
    assert attest["steps"][1]["with"] == {"subject-path": "dist/lambda.*"}


def test_vulnerabilities_are_looked_for_weekly_and_updates_proposed() -> None:
    audit = _load(WORKFLOWS["audit"])
    assert audit["on"]["schedule"]
    assert [step["run"] for step in _steps(WORKFLOWS["audit"]) if "run" in step] == ["make audit"]
    bot = yaml.safe_load((GITHUB / "dependabot.yml").read_text("utf-8"))
    assert {each["package-ecosystem"] for each in bot["updates"]} == {
        "github-actions",
        "npm",
        "pip",
    }


def test_migrations_and_seeds_go_through_the_action_that_sees_function_errors() -> None:
    steps = _deployment()
    for name, event in (("Migrate", "user-migration"), ("Seed", "user-seeder")):
        assert steps[name]["uses"] == "./.github/actions/invoke"
        assert yaml.safe_load(steps[name]["with"]["event"]) == {"type": event}
        assert "continue-on-error" not in steps[name]
        assert "if" not in steps[name]
    text = "".join(path.read_text("utf-8") for path in (*WORKFLOWS.values(), *ACTIONS.values()))
    assert "lambda invoke" not in text, "only invoke.py may, and it reads FunctionError"
    assert "FunctionError" in (GITHUB / "actions" / "invoke" / "invoke.py").read_text("utf-8")


def test_only_waking_the_database_may_fail() -> None:
    may_fail = [
        step["name"]
        for path in (*WORKFLOWS.values(), *ACTIONS.values())
        for step in _steps(path)
        if "continue-on-error" in step
    ]
    assert may_fail == ["Wake the database"]


@pytest.mark.parametrize(("role", "code"), [("", 1), ("arn:aws:iam::1:role/r", 0)])
def test_the_first_push_says_what_is_missing(role: str, code: int) -> None:
    steps = _deployment()
    assert next(iter(steps)) == "Is there a role"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps["Is there a role"]["run"]],
        env={"ROLE": role, "STAGE": "sandbox", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("The environment sandbox has no secret AWS_DEPLOY_ROLE_ARN" in done.stdout) is (
        not role
    )
    guide = (ROOT / "docs" / "SETUP_GUIDE.md").read_text()
    assert "### Account and roles, once" in guide


def test_alarms_get_their_addresses_from_the_environment() -> None:
    loaded = _load(WORKFLOWS["infra"])
    env = loaded["jobs"]["deploy"]["env"]
    assert env["ALARM_EMAILS"] == "${{ secrets.ALARM_EMAILS }}"
    for name in ("on-push", "on-tags", "on-tags-rc"):
        (job,) = _load(WORKFLOWS[name])["jobs"].values()
        assert job["secrets"]["ALARM_EMAILS"] == "${{ secrets.ALARM_EMAILS }}"


def test_one_deployment_of_a_stage_at_a_time() -> None:
    deploy = _load(WORKFLOWS["infra"])["jobs"]["deploy"]
    assert deploy["concurrency"] == {
        "group": "deploy-${{ inputs.stage }}",
        "cancel-in-progress": False,
    }
    assert deploy["environment"] == "${{ inputs.environment }}"


@pytest.mark.parametrize(
    ("ref", "workflow", "stage"),
    [
        ("branch main", "on-push", "sandbox"),
        ("branch feature", None, None),
        ("tag v1.2.3", "on-tags", "prod"),
        ("tag v10.0.0", "on-tags", "prod"),
        ("tag v1.2.3-rc1", "on-tags-rc", "demo"),
        ("tag v1.2.3-rc.2", "on-tags-rc", "demo"),
        ("tag 1.2.3", None, None),
    ],
)
def test_a_ref_deploys_exactly_one_stage(ref: str, workflow: str | None, stage: str | None) -> None:
    kind, _, name = ref.partition(" ")
    called = {}
    for file in ("on-push", "on-tags", "on-tags-rc"):
        loaded = _load(WORKFLOWS[file])
        if _matches(loaded["on"]["push"].get(f"{kind}es" if kind == "branch" else "tags"), name):
            (job,) = loaded["jobs"].values()
            assert job["uses"] == "./.github/workflows/infra.yml"
            assert job["with"]["environment"] == job["with"]["stage"]
            called[file] = job["with"]["stage"]
    assert called == ({workflow: stage} if workflow else {})


def _matches(patterns: list[str] | None, name: str) -> bool:
    """GitHub's rule: in order, and the last pattern that matches decides."""
    matched = False
    for pattern in patterns or []:
        if fnmatch(name, pattern.removeprefix("!")):
            matched = not pattern.startswith("!")
    return matched


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_has_no_permission_and_a_job_few(name: str) -> None:
    loaded = _load(WORKFLOWS[name])
    assert loaded["permissions"] == {}
    for job_name, job in loaded["jobs"].items():
        expected = {"contents": "read"}
        if name not in ("audit", "ci") and job_name != "build":
            expected["id-token"] = "write"
        if job_name == "attest" or job.get("uses", "").endswith("/infra.yml"):
            expected["attestations"] = "write"
        assert job["permissions"] == expected
        assert "timeout-minutes" in job or "uses" in job


@pytest.mark.parametrize("path", [*WORKFLOWS.values(), *ACTIONS.values()], ids=str)
def test_actions_of_others_are_pinned_by_commit_with_their_version(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        if found := re.search(r"\buses: (\S+)(.*)", line):
            uses, comment = found.groups()
            local = (ROOT / uses / "action.yml").is_file() or (ROOT / uses).is_file()
            pinned = re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", uses)
            assert local or (pinned and re.fullmatch(r" # v\d+\.\d+\.\d+", comment)), line


@pytest.mark.parametrize("path", [*WORKFLOWS.values(), *ACTIONS.values()], ids=str)
def test_no_expression_becomes_shell_text(path: Path) -> None:
    for step in _steps(path):
        assert "${{" not in str(step.get("run", "")), step["name"]


def test_checkouts_keep_no_credentials() -> None:
    checkouts = [
        step
        for path in WORKFLOWS.values()
        for step in _steps(path)
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert len(checkouts) == 6
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_nothing_long_lived_is_stored_at_github() -> None:
    text = "".join(path.read_text("utf-8") for path in GITHUB.rglob("*") if path.is_file())
    # Names of roles, and addresses of people: no credential.
    named = {"AWS_DEPLOY_ROLE_ARN", "AWS_DRIFT_ROLE_ARN", "ALARM_EMAILS"}
    assert set(re.findall(r"secrets\.(\w+)", text)) == named
    assert "secrets: inherit" not in text
    assert "aws-access-key-id" not in text


def test_ci_calls_only_make() -> None:
    ran = [step["run"] for step in _steps(WORKFLOWS["ci"]) if "run" in step]
    assert {command.split()[0] for command in ran} == {"make"}
    assert {"make check", "make test", "make package", "make synth"} <= set(ran)
