"""`llm-cp` in a process of its own, against the running stack."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.e2e.conftest import ROOT, Stack

COMMAND = (sys.executable, "-m", "controlplane.cli")


def environment(stack: Stack, **env: str) -> dict[str, str]:
    """That of a person who has read `.local/env`."""
    settings = {name: stack.env[name] for name in ("LLM_CP_URL", "LLM_CP_ADMIN_TOKEN")}
    return os.environ | settings | {"PYTHONPATH": str(ROOT / "src")} | env


def llm_cp(
    stack: Stack, *argv: str, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """One command, whatever its exit code."""
    return subprocess.run(
        [*COMMAND, *argv],
        env=environment(stack, **env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def succeed(stack: Stack, *argv: str, **env: str) -> str:
    """What a command prints that ends with 0."""
    done = llm_cp(stack, *argv, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout
