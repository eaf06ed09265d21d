"""The CDK CLI at its locked version, on the Node of a wheel, reads what the app writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.delivery.conftest import ROOT, infra_python


def _run(*words: str, infra: Path = ROOT / "infra") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [infra_python(), str(infra / "node_tools.py"), *words],
        # The machine's own Node, if it has one, must not be needed.
        env={**os.environ, "PATH": "/usr/sbin:/sbin", "CI": "true"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_cli_understands_the_templates(templates: Path) -> None:
    done = _run("cdk", "ls", "--app", str(templates))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["llm-cp-sandbox", "llm-cp-demo", "llm-cp-prod"]


def test_versions_are_exact_and_locked() -> None:
    named = json.loads((ROOT / "infra" / "package.json").read_text())["devDependencies"]
    packages = json.loads((ROOT / "infra" / "package-lock.json").read_text())["packages"]
    installed = {path.removeprefix("node_modules/"): row for path, row in packages.items() if path}
    assert named == {name: row["version"] for name, row in installed.items()}
    assert all(row["integrity"].startswith("sha512-") for row in installed.values())
    assert not any("resolved" in row for row in installed.values()), "no registry is written down"


def test_an_unknown_program_is_one_sentence() -> None:
    done = _run("npm", "install")
    assert (done.returncode, done.stderr) == (2, "node_tools.py: name one of cdk.\n")


def test_what_cannot_be_installed_is_said(tmp_path: Path) -> None:
    shutil.copy(ROOT / "infra" / "node_tools.py", tmp_path)
    (tmp_path / "package.json").write_text('{"dependencies": {"aws-cdk": "2.1148.1"}}')
    (tmp_path / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}')
    done = _run("cdk", "ls", infra=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("npm ci failed:\n")
