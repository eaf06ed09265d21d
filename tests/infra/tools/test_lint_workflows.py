"""The linters find nothing in the workflows, and each of them would find its kind of fault."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.infra.conftest import run_infra
from tests.infra.template import ROOT

GITHUB = ROOT / ".github"
Lint = Callable[[Path], subprocess.CompletedProcess[str]]


@pytest.fixture
def lint(infra_python: str) -> Lint:
    """Runs all linters over a folder."""
    return lambda folder: run_infra("tools.lint_workflows", str(folder), python=infra_python)


def test_they_find_nothing(lint: Lint) -> None:
    done = lint(GITHUB)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "no findings" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("make check", 'echo "${{ github.event.head_commit.message }}"', "template-injection"),
        ("          persist-credentials: false", "          fetch-depth: 1", "artipacked"),
        ("timeout-minutes: 90", "timeout-minutes: [90]", "timeout-minutes"),
        ("inputs.environment", "inputs.enviroment", "enviroment"),
    ],
)
def test_each_of_them_would(lint: Lint, tmp_path: Path, old: str, new: str, finding: str) -> None:
    folder = tmp_path / ".github"
    shutil.copytree(GITHUB, folder)
    path = folder / "workflows" / "infra.yml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    done = lint(folder)
    assert done.returncode == 1
    assert finding in done.stdout
