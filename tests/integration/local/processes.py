"""Processes of the local stack under test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controlplane.local.children import is_listening

ROOT = Path(__file__).parents[3]


def environment(**more: str) -> dict[str, str]:
    """This one's, with the package and the tests to import."""
    return os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"} | more


@contextmanager
def serving(module: str, port: int, *arguments: str, env: Mapping[str, str]) -> Iterator[int]:
    """Run `controlplane.local.<module>` on `port`; gives the process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"controlplane.local.{module}", "--port", str(port), *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: process.poll() is not None or is_listening(port))
        assert process.poll() is None, f"{module} ended with {process.returncode}"
        yield process.pid
    finally:
        process.terminate()
        process.wait(15)


@dataclass(frozen=True)
class Process:
    """A process as `ps` shows it; `name` is its Python module or its program."""

    pid: int
    parent: int
    name: str


def running() -> list[Process]:
    """All processes of this machine that have not ended."""
    columns = ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="]
    done = subprocess.run(columns, capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    return [
        Process(int(row[0]), int(row[1]), _name(row[3].split()))
        for row in rows
        if len(row) == 4 and not row[2].startswith("Z")
    ]


def _name(command: list[str]) -> str:
    module = command[command.index("-m") + 1] if "-m" in command[:-1] else Path(command[0]).name
    return module.rpartition(".")[2]


def wait_until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Poll `condition()` until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.05)
