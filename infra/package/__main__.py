"""`python -m infra.package`: the function's zip, for Lambda's platform, without Docker."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra import REPOSITORY
from infra.package import wheels
from infra.package.archive import UNPACKED_LIMIT_BYTES, Archive, write_archive
from infra.package.inventory import check_licences, components, cyclonedx
from infra.package.toolchain import PackageError, lambda_python, run

TASK_ROOT = "/var/task"
# The local stack and the command line run beside the function, never in it.
_NOT_IN_LAMBDA = ("local", "cli", "__pycache__", "*.pyc")
_LARGEST = 12
BILL_SUFFIX = ".cdx.json"
DESCRIPTION = """\
Builds the function's zip: the wheels of requirements.lock for Lambda's platform, src/controlplane,
the migrations, and bytecode of Python 3.13; beside it a bill of materials (CycloneDX). The same
inputs give the same bytes."""
EPILOG = """\
examples:
  python -m infra.package
  python -m infra.package --python ~/.pyenv/versions/3.13.0/bin/python
  python -m infra.package --platform x86_64 --output /tmp/lambda.zip     to try it on a PC"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        archive = build(Path(options.output), options.platform, options.python)
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    print(report(archive))
    return 0


def build(output: Path, platform: str, python: str | None = None) -> Archive:
    """Build `output` for `platform` (arm64 or x86_64), compiled by `python`, a CPython 3.13, and
    its bill of materials beside it.

    Raises PackageError where a tool or wheel is missing, a licence is not allowed, or Lambda
    would refuse the size.
    """
    compiler = lambda_python(python)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "task")
        wheels.install(folder, platform)
        wheels.trim(folder)
        add_sources(folder)
        compile_folder(folder, compiler)
        shipped = components(folder)
        check_licences(shipped)
        archive = write_archive(folder, output)
    if archive.unpacked > UNPACKED_LIMIT_BYTES:
        raise PackageError(
            f"The package unpacks to {_megabytes(archive.unpacked)} MB, more than the 250 MB "
            "that Lambda accepts."
        )
    bill = output.with_suffix(BILL_SUFFIX)
    bill.write_text(cyclonedx(shipped, archive.sha256), "utf-8")
    return archive


def add_sources(folder: Path) -> None:
    """Copy the package, the migrations and the exec wrapper."""
    ignore = shutil.ignore_patterns(*_NOT_IN_LAMBDA)
    shutil.copytree(REPOSITORY / "src" / "controlplane", folder / "controlplane", ignore=ignore)
    shutil.copytree(
        REPOSITORY / "migrations",
        folder / "migrations",
        ignore=shutil.ignore_patterns("__pycache__", "*.pyc"),
    )
    shutil.copytree(REPOSITORY / "infra" / "lambda" / "bin", folder / "bin", ignore=ignore)


def compile_folder(folder: Path, python: str) -> None:
    """Compile every source; Lambda need not check, because the sources never change."""
    command = [python, "-I", "-m", "compileall", "-q", "-s", str(folder), "-p", TASK_ROOT]
    run([*command, "--invalidation-mode", "unchecked-hash", str(folder)], what="Compiling")


def report(archive: Archive) -> str:
    """The sizes as a table, then the digest."""
    lines = [f"{'part':<28}{'unpacked MB':>12}{'zipped MB':>12}"]
    rows = [(part.name, part.unpacked, part.zipped) for part in archive.parts[:_LARGEST]]
    rest = archive.parts[_LARGEST:]
    rows.append(
        (
            f"{len(rest)} smaller parts",
            sum(part.unpacked for part in rest),
            sum(part.zipped for part in rest),
        )
    )
    rows.append((str(archive.path), archive.unpacked, archive.zipped))
    lines += [
        f"{name:<28}{_megabytes(unpacked):>12}{_megabytes(zipped):>12}"
        for name, unpacked, zipped in rows
    ]
    return "\n".join([*lines, f"sha256 {archive.sha256}"])


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.package",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--platform", choices=sorted(wheels.PLATFORMS), default="arm64", help="arm64"
    )
    parser.add_argument("--python", help="a Python 3.13 to compile with (found by itself)")
    parser.add_argument(
        "--output", default=REPOSITORY / "dist" / "lambda.zip", help="dist/lambda.zip"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
