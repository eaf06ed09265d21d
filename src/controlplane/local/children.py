"""Processes that the local stack starts, and how it waits for them and ends them."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Pause = Callable[[float], None]
POLL_SECONDS = 0.05
_GIVEN: set[int] = set()


class LocalStackError(Exception):
    """Something on this machine is not as the local stack needs it; the message is one sentence."""


class Child:
    """A process in a session of its own, so that Ctrl-C in the terminal reaches only its parent.

    Its output goes to `log_path`, anew at each start. `user` is the system user that runs it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log_path: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.name = name
        self.log_path = log_path
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                **identity(user),
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_ready(
        self, is_ready: Callable[[], bool], *, seconds: float = 60.0, pause: Pause = time.sleep
    ) -> None:
        """Wait until `is_ready()`. Raises LocalStackError if it ends before, or takes too long."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self.exit_code is not None:
                raise LocalStackError(
                    f"{self.name} ended while it was starting (exit code {self.exit_code}). "
                    f"Its log is {self.log_path}{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise LocalStackError(
                    f"{self.name} was not ready after {seconds:.0f} seconds. "
                    f"Its log is {self.log_path}{self.log_tail()}"
                )
            pause(POLL_SECONDS)

    def log_tail(self, lines: int = 5) -> str:
        """The last lines of its log, indented, after a colon; a full stop where there are none."""
        tail = self.log_path.read_text(errors="replace").splitlines()[-lines:]
        return "".join([":", *(f"\n    {line}" for line in tail)]) if tail else "."

    def stop(self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 5.0) -> None:
        """Ask it to end; after `seconds` kill it and all that it started."""
        if self.exit_code is None:
            self._process.send_signal(how)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


def identity(user: str | None) -> dict[str, Any]:
    """The arguments of `subprocess` that run a command as a system user, None being this one."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def exit_with_parent() -> None:
    """End this process, as SIGTERM would, when its parent is gone and standard input closes."""

    def watch() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="exit-with-parent", daemon=True).start()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free at this moment; never the same one twice.

    It lies below those that systems give to outgoing connections, so that none of these takes it
    before it is used.
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _GIVEN:
            _GIVEN.add(port)
            return port


def is_listening(port: int) -> bool:
    """Whether a connection to the port of 127.0.0.1 is accepted."""
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex(("127.0.0.1", port)) == 0
