"""Packages built as `python -m infra.package` builds them, once for all tests of a worker."""

from __future__ import annotations

import platform
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.infra.conftest import run_infra
from tests.infra.template import ROOT

from infra.package import wheels

LAMBDA_PLATFORMS = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Package:
    """A built zip, what the command printed, and the zip unpacked."""

    path: Path
    printed: str
    folder: Path


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
def native_folder(arm64_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked zip with the native code of this machine; Linux only, as its wheels are."""
    if sys.platform != "linux":
        pytest.skip(f"LAMBDA'S WHEELS DO NOT LOAD on {sys.platform}: the package was not imported.")
    machine = LAMBDA_PLATFORMS[platform.machine()]
    if machine == "arm64":
        return arm64_package.folder
    folder = tmp_path_factory.mktemp(machine)
    wheels.install(folder, machine)
    wheels.trim(folder)
    shutil.copytree(arm64_package.folder, folder, dirs_exist_ok=True, copy_function=_unless_native)
    return folder


def _unless_native(source: str, target: str) -> None:
    """Stable-ABI libraries of both architectures have the same name."""
    if not (".so" in Path(source).suffixes and Path(target).exists()):
        shutil.copy2(source, target)


def _build(tree: Path, folder: Path, architecture: str) -> Package:
    path = folder / "lambda.zip"
    done = run_infra("package", "--platform", architecture, "--output", str(path), root=tree)
    if done.returncode and "is needed to compile" in done.stderr:
        pytest.skip(f"NO PYTHON 3.13 HERE, the package was not built: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "task")
    return Package(path, done.stdout, folder / "task")
