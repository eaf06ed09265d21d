"""The locked wheels for Lambda's platform, without the files that the function never reads.

python -m infra.package.wheels FOLDER     trims the wheels that were installed for an image
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from infra import REPOSITORY
from infra.package.toolchain import PYTHON_VERSION, run, uv

# Amazon Linux 2023, the system of Lambda's python3.13, has glibc 2.34:
# https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
PLATFORMS = {"arm64": "aarch64-manylinux_2_34", "x86_64": "x86_64-manylinux_2_34"}
# The AWS services that the function calls; botocore ships the models of 400 more.
AWS_SERVICES = frozenset({"codedeploy", "secretsmanager", "sns", "sqs"})
# What the containers of docker-compose.yml set up in the emulator besides.
SERVICES_OF_THE_IMAGE = AWS_SERVICES | {"cognito-idp", "s3"}

# python-jose asks for them and, with the cryptography package, imports none of them.
LEFT_OUT = ("ecdsa", "pyasn1", "rsa")

_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_BUILD_SUFFIXES = frozenset(
    {".c", ".cpp", ".h", ".hpp", ".pxd", ".pyi", ".pyx", ".typed"}
)  # for compilers and type checkers
_DIST_INFO_KEPT = frozenset({"METADATA", "entry_points.txt"})


def install(folder: Path, platform: str) -> None:
    """Install requirements.lock for `platform` (a key of PLATFORMS) into `folder`.

    Wheels only, every one checked against its hash. Raises PackageError.
    """
    target = ["--target", str(folder), "--link-mode", "copy"]
    platform_tags = ["--python-platform", PLATFORMS[platform], "--python-version", PYTHON_VERSION]
    checks = ["--only-binary", ":all:", "--require-hashes", "--no-deps"]
    lock = ["-r", str(REPOSITORY / "requirements.lock")]
    run(
        [uv(), "pip", "install", "--quiet", *target, *platform_tags, *checks, *lock],
        what=f"Installing the locked wheels for {platform}",
    )


def trim(folder: Path, services: frozenset[str] = AWS_SERVICES) -> None:
    """Remove the files that are not read at run time from a folder of installed wheels."""
    for unused in _unused(folder, services):
        if unused.is_dir():
            shutil.rmtree(unused)
        else:
            unused.unlink(missing_ok=True)
    for metadata in folder.glob("*.dist-info/METADATA"):
        # importlib.metadata reads the header only; the rest is the project's README.
        header, _, _ = metadata.read_text("utf-8").partition("\n\n")
        metadata.write_text(header + "\n", "utf-8")


def _unused(folder: Path, services: frozenset[str]) -> list[Path]:
    found = [folder / name for name in LEFT_OUT]
    found += [path for name in LEFT_OUT for path in folder.glob(f"{name}-*.dist-info")]
    found += [folder / "bin", folder / "include", folder / ".lock"]
    found += [folder / "boto3" / "examples", folder / "boto3" / "data"]
    found += _unused_botocore(folder / "botocore" / "data", services)
    found += [path for path in folder.rglob("*") if path.is_dir() and path.name in _TEST_FOLDERS]
    found += [path for path in folder.rglob("*") if path.suffix in _BUILD_SUFFIXES]
    found += [path for path in folder.glob("*.dist-info/*") if path.name not in _DIST_INFO_KEPT]
    return [path for path in found if path.exists()]


def _unused_botocore(data: Path, services: frozenset[str]) -> Iterator[Path]:
    for path in data.iterdir():
        if path.is_dir() and path.name not in services:
            yield path
        elif path.is_dir():
            yield from path.glob("*/examples-1.json")


if __name__ == "__main__":
    trim(Path(sys.argv[1]), SERVICES_OF_THE_IMAGE)
