"""The programs that packaging needs: uv, and a Python of the minor version that Lambda runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from infra import REPOSITORY

PYTHON_VERSION = "3.13"
_VERSION = "import sys; print(sys.implementation.name, '.'.join(map(str, sys.version_info[:2])))"


class PackageError(Exception):
    """The package cannot be built; the message is one sentence for the user."""


def uv() -> str:
    """The path of uv. Raises PackageError where there is none."""
    for folder in (Path(sys.executable).parent, REPOSITORY / ".venv" / "bin"):
        if (folder / "uv").is_file():
            return str(folder / "uv")
    if found := shutil.which("uv"):
        return found
    raise PackageError("uv is missing: 'make .venv/.installed' puts it into .venv/bin.")


def lambda_python(given: str | None) -> str:
    """A CPython 3.13: `given`, or the first that is found. Raises PackageError."""
    for candidate in [given] if given else _candidates():
        if _is_lambda_python(candidate):
            return candidate
    where = f"'{given}' is not one" if given else "none is on this machine"
    raise PackageError(
        f"Python {PYTHON_VERSION} is needed to compile for Lambda's runtime, and {where}: "
        f"install it ('uv python install {PYTHON_VERSION}' does), or name it with --python."
    )


def run(command: Sequence[str], *, what: str) -> None:
    """Run a program quietly. Raises PackageError with the end of what it printed."""
    done = _capture(command)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise PackageError(f"{what} failed:\n{said}")


def _capture(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # No shell, and no argument from outside.
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def _candidates() -> Iterator[str]:
    yield sys.executable
    yield f"python{PYTHON_VERSION}"
    versions = Path.home() / ".pyenv" / "versions"
    for folder in sorted(versions.glob(f"{PYTHON_VERSION}*"), reverse=True):
        yield str(folder / "bin" / f"python{PYTHON_VERSION}")
    find = [uv(), "python", "find", "--no-python-downloads", PYTHON_VERSION]
    yield _capture(find).stdout.strip()


def _is_lambda_python(candidate: str) -> bool:
    # The name proves nothing: pyenv puts a shim on the PATH for versions that are not active.
    if not candidate:
        return False
    try:
        said = _capture([candidate, "-I", "-c", _VERSION]).stdout
    except OSError:
        return False
    return said.strip() == f"cpython {PYTHON_VERSION}"
