"""A local stack of its own whose parts are frozen, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from controlplane.local.children import Child, is_listening
from controlplane.local.environment import read_env
from controlplane.local.stack import Stack

# The local stack's own are for bursts on a busy machine, and would hide what is tried here.
BOUNDS = {"LLM_CP_REDIS_TIMEOUT_MS": "300", "LLM_CP_AUDIT_TIMEOUT_MS": "1500"}
# Those that are started again lose nothing by it: moto is the only memory of its queue and bucket.
# Last the one whose loss closes the caps.
KILLABLE = ("postgresql", "simulator", "function", "server", "redis")
FREEZABLE = ("postgresql", "redis", "aws", "simulator", "function")


class Parts(Stack):
    """The stack of `folder`. What is frozen keeps its sockets and says nothing."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port, time.sleep)
        self._spawned: dict[str, tuple[Child, tuple[str, ...], Mapping[str, str]]] = {}
        self._frozen: dict[str, list[psutil.Process]] = {}

    @property
    def env(self) -> dict[str, str]:
        """What a caller needs: `.local/env`."""
        return read_env(self._local / "env")

    def freeze(self, part: str) -> None:
        """Stop the processes of a part where they are."""
        processes = self._processes(part)
        self._frozen[part] = processes
        # PostgreSQL's first process makes no others meanwhile.
        for process in processes:
            process.send_signal(signal.SIGSTOP)

    def thaw(self, part: str) -> None:
        """Let them go on."""
        for process in self._frozen.pop(part, []):
            if process.is_running():
                process.send_signal(signal.SIGCONT)

    def kill(self, part: str) -> None:
        """End a part as a power failure does."""
        processes = self._processes(part)
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=10)

    def restart(self, part: str) -> None:
        """Start a part that was killed, where it was; returns when it can be used."""
        if part == "postgresql":
            self._stores.postgres.start()
            self._stores.postgres.wait_ready()
        elif part == "redis":
            self._stores.valkey.start()
            self._stores.valkey.wait_ready()
        else:
            before, arguments, env = self._spawned[part]
            before.log_path.rename(before.log_path.with_stem(f"{part}-{before.pid}"))
            child = self._spawn(part, *arguments, env=env)
            port = int(arguments[arguments.index("--port") + 1])
            child.wait_ready(lambda: is_listening(port))

    def memory(self, part: str) -> int:
        """Bytes that the processes of a part have in memory."""
        return sum(process.memory_info().rss for process in self._processes(part))

    def recover(self) -> None:
        """Bring into the trail what neither queue nor bucket took: as the runbook says."""
        self._invoke({"type": "audit-recover"})
        for log in (self._local / "logs").glob("server*.log"):
            command = [sys.executable, "-m", "controlplane.cli", "audit", "recover", str(log)]
            done = subprocess.run(
                command, env={**os.environ, **self.env}, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr

    def stop(self) -> None:
        """End all of them, frozen ones too."""
        for part in tuple(self._frozen):
            self.thaw(part)
        super().stop()

    def _start_gateway(self, settings: Mapping[str, str]) -> None:
        super()._start_gateway({**settings, **BOUNDS})

    def _spawn(self, module: str, *arguments: str, env: Mapping[str, str]) -> Child:
        child = super()._spawn(module, *arguments, env=env)
        self._spawned[module] = child, arguments, env
        return child

    def _processes(self, part: str) -> list[psutil.Process]:
        """The first process of a part, then those that it started."""
        children: Mapping[str, Callable[[], Child | None]] = {
            "postgresql": lambda: self._stores.postgres.child,
            "redis": lambda: self._stores.valkey.child,
            "aws": lambda: self._stores.emulator.child,
        }
        child = children[part]() if part in children else self._spawned[part][0]
        assert child is not None
        first = psutil.Process(child.pid)
        return [first, *first.children(recursive=True)]
