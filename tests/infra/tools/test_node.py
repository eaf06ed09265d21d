"""The CDK CLI at its locked version, on the Node of a wheel, reads what the app writes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.infra.conftest import run_infra
from tests.infra.template import ROOT

TOOLS = ROOT / "infra" / "tools"
Node = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def node(infra_python: str) -> Node:
    """Runs `python -m infra.tools.node <words>` in a tree."""

    def run(*words: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
        # The machine's own Node, if it has one, must not be needed.
        machine = {"PATH": "/usr/sbin:/sbin", "CI": "true"}
        return run_infra("tools.node", *words, python=infra_python, root=root, **machine)

    return run


def test_the_cli_understands_the_templates(node: Node, assembly: Path) -> None:
    done = node("cdk", "ls", "--app", str(assembly))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["llm-cp-sandbox", "llm-cp-demo", "llm-cp-prod"]


def test_versions_are_exact_and_locked() -> None:
    named = json.loads((TOOLS / "package.json").read_text())["devDependencies"]
    packages = json.loads((TOOLS / "package-lock.json").read_text())["packages"]
    installed = {path.removeprefix("node_modules/"): row for path, row in packages.items() if path}
    assert named == {name: row["version"] for name, row in installed.items()}
    assert all(row["integrity"].startswith("sha512-") for row in installed.values())
    assert not any("resolved" in row for row in installed.values()), "no registry is written down"


def test_an_unknown_program_is_one_sentence(node: Node) -> None:
    done = node("npm", "install")
    assert (done.returncode, done.stderr) == (2, "infra.tools.node: name one of cdk.\n")


def test_a_failed_installation_is_reported(node: Node, tmp_path: Path) -> None:
    tools = tmp_path / "infra" / "tools"
    tools.mkdir(parents=True)
    for name in ("__init__.py", "tools/__init__.py", "tools/node.py"):
        shutil.copy(ROOT / "infra" / name, tmp_path / "infra" / name)
    (tools / "package.json").write_text('{"dependencies": {"aws-cdk": "2.1148.1"}}')
    (tools / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}')
    done = node("cdk", "ls", root=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("npm ci failed:\n")
