"""Packages built as `python infra/package.py` builds them, once for all tests of a worker."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.actions_runner import FAKE_AWS, Runner

ROOT = Path(__file__).parents[2]
LAMBDA_PLATFORMS = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Package:
    """A built zip, what the command printed, and the zip unpacked."""

    path: Path
    printed: str
    folder: Path


def run_infra(
    script: str, *arguments: str, root: Path = ROOT, **options: str
) -> subprocess.CompletedProcess[str]:
    """`python infra/<script> <arguments>` of a tree; options are added to the environment."""
    command = [sys.executable, str(root / "infra" / script), *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **options},
        cwd=ROOT,
    )


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what goes into a package: an editor at work must not look like other bytes."""
    tree = tmp_path_factory.mktemp("tree")
    unfrozen = shutil.ignore_patterns("__pycache__", "cdk.out", "node_modules")
    for name in ("infra", "migrations", "src"):
        shutil.copytree(ROOT / name, tree / name, ignore=unfrozen)
    shutil.copy(ROOT / "requirements.lock", tree)
    return tree


@pytest.fixture(scope="session")
def arm64_package(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package for Lambda."""
    return _build(tree, tmp_path_factory.mktemp("arm64"), "arm64")


@pytest.fixture(scope="session")
def native_package(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, arm64_package: Package
) -> Package:
    """The package for the architecture of this machine; Linux only, as its wheels are."""
    if sys.platform != "linux":
        pytest.skip(f"LAMBDA'S WHEELS DO NOT LOAD on {sys.platform}: the package was not imported.")
    machine = LAMBDA_PLATFORMS[platform.machine()]
    if machine == "arm64":
        return arm64_package
    return _build(tree, tmp_path_factory.mktemp(machine), machine)


def infra_module(name: str) -> Any:
    """A module of `infra/`, which is a folder of scripts and no package."""
    folder = str(ROOT / "infra")
    if folder not in sys.path:
        sys.path.append(folder)
    return import_module(name)


def infra_python() -> str:
    """The interpreter that has the packages of the infrastructure."""
    python = os.environ.get("LLM_CP_INFRA_PYTHON", str(ROOT / ".venv-infra" / "bin" / "python"))
    assert Path(python).exists(), (
        "The infrastructure's packages: run 'make .venv-infra/.installed'."
    )
    return python


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the templates of all stages, synthesised now."""
    folder = tmp_path_factory.mktemp("cdk.out")
    done = subprocess.run(
        [infra_python(), str(ROOT / "infra" / "app.py")],
        env={**os.environ, "CDK_OUTDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Runs composite actions; `runner.aws` says what `aws` answers, by subcommand."""
    aws = tmp_path / "aws"
    aws.write_text(FAKE_AWS.format(python=sys.executable))
    aws.chmod(0o755)
    return Runner(tmp_path)


def _build(tree: Path, folder: Path, architecture: str) -> Package:
    path = folder / "lambda.zip"
    done = run_infra("package.py", "--platform", architecture, "--output", str(path), root=tree)
    if done.returncode and "is needed to compile" in done.stderr:
        pytest.skip(f"NO PYTHON 3.13 HERE, the package was not built: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "task")
    return Package(path, done.stdout, folder / "task")
